-- CreateTable
CREATE TABLE "allergy" (
    "id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "medicine_code" TEXT,
    "atc_code" TEXT,
    "group_code" TEXT,
    "coding_system" TEXT,
    "coding_code" TEXT,
    "coding_display" BYTEA,
    "severity" TEXT NOT NULL,
    "reaction" BYTEA,
    "state" TEXT NOT NULL,
    "refuted_by_id" UUID,
    "refuted_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "allergy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "area_ref" (
    "id" UUID NOT NULL,
    "ancestors" UUID[],
    "version" INTEGER NOT NULL,

    CONSTRAINT "area_ref_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dispensing" (
    "id" UUID NOT NULL,
    "prescription_id" UUID NOT NULL,
    "item_id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "batch_id" UUID NOT NULL,
    "institution_id" UUID NOT NULL,
    "quantity" INTEGER NOT NULL,
    "shortfall" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "dispensing_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "outbox_event" (
    "position" BIGSERIAL NOT NULL,
    "id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "published_at" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_event_pkey" PRIMARY KEY ("position")
);

-- CreateTable
CREATE TABLE "inbox_message" (
    "id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "envelope" JSONB,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "inbox_message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "medicine" (
    "code" TEXT NOT NULL,
    "atc_code" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "translations" JSONB NOT NULL,
    "search_text" TEXT NOT NULL,
    "form" TEXT NOT NULL,
    "strength" TEXT NOT NULL,
    "unit" TEXT,
    "routes" TEXT[],
    "content_version" TEXT NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "medicine_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "formulary_entry" (
    "id" UUID NOT NULL,
    "institution_id" UUID NOT NULL,
    "medicine_code" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "formulary_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "operation_record" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "device_id" UUID NOT NULL,
    "device_sequence" INTEGER NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "verdict" TEXT,
    "result" JSONB,
    "sealed_payload" BYTEA,
    "replaces" UUID,
    "request_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "device_recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "clock_offset_ms" INTEGER NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "operation_record_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "change_log_entry" (
    "position" BIGSERIAL NOT NULL,
    "transaction_id" BIGINT NOT NULL DEFAULT txid_current(),
    "typename" TEXT NOT NULL,
    "entity_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "area_before" UUID,
    "area_after" UUID,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "change_log_entry_pkey" PRIMARY KEY ("position")
);

-- CreateTable
CREATE TABLE "conflict_record" (
    "id" UUID NOT NULL,
    "operation_id" UUID NOT NULL,
    "typename" TEXT NOT NULL,
    "entity_id" UUID NOT NULL,
    "field" TEXT NOT NULL,
    "shown" TEXT NOT NULL,
    "kept_sealed" BYTEA NOT NULL,
    "author_id" UUID NOT NULL,
    "detected_at" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3),
    "settled_by" UUID,

    CONSTRAINT "conflict_record_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "patient_ref" (
    "id" UUID NOT NULL,
    "area_id" UUID,
    "institution_id" UUID,
    "author_id" UUID NOT NULL,
    "status" TEXT NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "patient_ref_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "prescription" (
    "id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "prescriber_id" UUID NOT NULL,
    "institution_id" UUID NOT NULL,
    "checkup_id" UUID,
    "state" TEXT NOT NULL,
    "notes" BYTEA,
    "override_reason" BYTEA,
    "subject" BYTEA,
    "issued_at" TIMESTAMPTZ(3),
    "valid_until" DATE,
    "cancelled_at" TIMESTAMPTZ(3),
    "cancel_reason" BYTEA,
    "imported" BOOLEAN NOT NULL,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "prescription_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "prescription_item" (
    "id" UUID NOT NULL,
    "prescription_id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "medicine_code" TEXT,
    "coding_system" TEXT,
    "coding_code" TEXT,
    "coding_display" BYTEA,
    "dose_quantity" DOUBLE PRECISION,
    "dose_unit" TEXT,
    "route" TEXT,
    "frequency_per_day" DOUBLE PRECISION,
    "as_needed" BOOLEAN NOT NULL,
    "duration_days" INTEGER,
    "quantity" INTEGER,
    "dispensed_quantity" INTEGER NOT NULL DEFAULT 0,
    "instructions" BYTEA,
    "findings" JSONB NOT NULL,

    CONSTRAINT "prescription_item_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stock_batch" (
    "id" UUID NOT NULL,
    "institution_id" UUID NOT NULL,
    "medicine_code" TEXT NOT NULL,
    "batch_number" TEXT NOT NULL,
    "expires_on" DATE NOT NULL,
    "on_hand" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stock_batch_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stock_movement" (
    "id" UUID NOT NULL,
    "batch_id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL,
    "balance_after" INTEGER NOT NULL,
    "reason" TEXT,
    "dispensing_id" UUID,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stock_movement_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "allergy_patient_id_state_id_idx" ON "allergy"("patient_id", "state", "id" DESC);

-- CreateIndex
CREATE INDEX "allergy_medicine_code_idx" ON "allergy"("medicine_code");

-- CreateIndex
CREATE INDEX "area_ref_ancestors_idx" ON "area_ref" USING GIN ("ancestors");

-- CreateIndex
CREATE INDEX "dispensing_prescription_id_id_idx" ON "dispensing"("prescription_id", "id");

-- CreateIndex
CREATE INDEX "dispensing_item_id_idx" ON "dispensing"("item_id");

-- CreateIndex
CREATE INDEX "dispensing_patient_id_id_idx" ON "dispensing"("patient_id", "id");

-- CreateIndex
CREATE INDEX "dispensing_batch_id_idx" ON "dispensing"("batch_id");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_id_key" ON "outbox_event"("id");

-- CreateIndex
CREATE INDEX "outbox_event_published_at_position_idx" ON "outbox_event"("published_at", "position");

-- CreateIndex
CREATE INDEX "inbox_message_state_received_at_idx" ON "inbox_message"("state", "received_at");

-- CreateIndex
CREATE INDEX "medicine_atc_code_code_idx" ON "medicine"("atc_code", "code");

-- CreateIndex
CREATE INDEX "formulary_entry_medicine_code_idx" ON "formulary_entry"("medicine_code");

-- CreateIndex
CREATE UNIQUE INDEX "formulary_entry_institution_id_medicine_code_key" ON "formulary_entry"("institution_id", "medicine_code");

-- CreateIndex
CREATE INDEX "operation_record_device_id_device_sequence_idx" ON "operation_record"("device_id", "device_sequence");

-- CreateIndex
CREATE INDEX "operation_record_verdict_received_at_idx" ON "operation_record"("verdict", "received_at");

-- CreateIndex
CREATE INDEX "change_log_entry_transaction_id_position_idx" ON "change_log_entry"("transaction_id", "position");

-- CreateIndex
CREATE INDEX "conflict_record_entity_id_settled_at_idx" ON "conflict_record"("entity_id", "settled_at");

-- CreateIndex
CREATE INDEX "patient_ref_area_id_id_idx" ON "patient_ref"("area_id", "id");

-- CreateIndex
CREATE INDEX "patient_ref_institution_id_id_idx" ON "patient_ref"("institution_id", "id");

-- CreateIndex
CREATE INDEX "patient_ref_author_id_id_idx" ON "patient_ref"("author_id", "id");

-- CreateIndex
CREATE INDEX "prescription_patient_id_id_idx" ON "prescription"("patient_id", "id" DESC);

-- CreateIndex
CREATE INDEX "prescription_institution_id_id_idx" ON "prescription"("institution_id", "id" DESC);

-- CreateIndex
CREATE INDEX "prescription_checkup_id_id_idx" ON "prescription"("checkup_id", "id");

-- CreateIndex
CREATE INDEX "prescription_state_valid_until_idx" ON "prescription"("state", "valid_until");

-- CreateIndex
CREATE UNIQUE INDEX "prescription_id_patient_id_key" ON "prescription"("id", "patient_id");

-- CreateIndex
CREATE INDEX "prescription_item_medicine_code_idx" ON "prescription_item"("medicine_code");

-- CreateIndex
CREATE UNIQUE INDEX "prescription_item_id_prescription_id_patient_id_key" ON "prescription_item"("id", "prescription_id", "patient_id");

-- CreateIndex
CREATE UNIQUE INDEX "prescription_item_prescription_id_position_key" ON "prescription_item"("prescription_id", "position");

-- CreateIndex
CREATE INDEX "stock_batch_institution_id_expires_on_id_idx" ON "stock_batch"("institution_id", "expires_on", "id");

-- CreateIndex
CREATE INDEX "stock_batch_medicine_code_idx" ON "stock_batch"("medicine_code");

-- CreateIndex
CREATE UNIQUE INDEX "stock_batch_institution_id_medicine_code_batch_number_expir_key" ON "stock_batch"("institution_id", "medicine_code", "batch_number", "expires_on");

-- CreateIndex
CREATE UNIQUE INDEX "stock_movement_batch_id_sequence_key" ON "stock_movement"("batch_id", "sequence");

-- AddForeignKey
ALTER TABLE "allergy" ADD CONSTRAINT "allergy_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "allergy" ADD CONSTRAINT "allergy_medicine_code_fkey" FOREIGN KEY ("medicine_code") REFERENCES "medicine"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dispensing" ADD CONSTRAINT "dispensing_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dispensing" ADD CONSTRAINT "dispensing_item_id_prescription_id_patient_id_fkey" FOREIGN KEY ("item_id", "prescription_id", "patient_id") REFERENCES "prescription_item"("id", "prescription_id", "patient_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dispensing" ADD CONSTRAINT "dispensing_batch_id_fkey" FOREIGN KEY ("batch_id") REFERENCES "stock_batch"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "formulary_entry" ADD CONSTRAINT "formulary_entry_medicine_code_fkey" FOREIGN KEY ("medicine_code") REFERENCES "medicine"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "patient_ref" ADD CONSTRAINT "patient_ref_area_id_fkey" FOREIGN KEY ("area_id") REFERENCES "area_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "prescription" ADD CONSTRAINT "prescription_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "prescription_item" ADD CONSTRAINT "prescription_item_prescription_id_patient_id_fkey" FOREIGN KEY ("prescription_id", "patient_id") REFERENCES "prescription"("id", "patient_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "prescription_item" ADD CONSTRAINT "prescription_item_medicine_code_fkey" FOREIGN KEY ("medicine_code") REFERENCES "medicine"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "stock_batch" ADD CONSTRAINT "stock_batch_medicine_code_fkey" FOREIGN KEY ("medicine_code") REFERENCES "medicine"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "stock_movement" ADD CONSTRAINT "stock_movement_batch_id_fkey" FOREIGN KEY ("batch_id") REFERENCES "stock_batch"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What follows is written by hand: rules that the schema language has no words for.

ALTER TABLE "medicine"
  ADD CONSTRAINT "medicine_atc_code_check"
    CHECK ("atc_code" ~ '^[A-Z][0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?$'),
  ADD CONSTRAINT "medicine_routes_check" CHECK (cardinality("routes") >= 1),
  ADD CONSTRAINT "medicine_version_check" CHECK ("version" >= 1);

ALTER TABLE "formulary_entry"
  ADD CONSTRAINT "formulary_entry_version_check" CHECK ("version" >= 1);

ALTER TABLE "allergy"
  ADD CONSTRAINT "allergy_substance_check"
    CHECK (num_nonnulls("medicine_code", "atc_code", "group_code", "coding_code",
      "coding_display") >= 1),
  ADD CONSTRAINT "allergy_atc_code_check"
    CHECK ("atc_code" ~ '^[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?$'
      AND length("atc_code") >= 3),
  ADD CONSTRAINT "allergy_severity_check"
    CHECK ("severity" IN ('MILD', 'MODERATE', 'SEVERE', 'LIFE_THREATENING', 'UNKNOWN')),
  ADD CONSTRAINT "allergy_state_check"
    CHECK ("state" IN ('ACTIVE', 'REFUTED', 'ENTERED_IN_ERROR')),
  ADD CONSTRAINT "allergy_refuted_check"
    CHECK (("state" = 'ACTIVE') = ("refuted_by_id" IS NULL)
      AND ("refuted_by_id" IS NULL) = ("refuted_at" IS NULL)),
  ADD CONSTRAINT "allergy_version_check" CHECK ("version" >= 1);

ALTER TABLE "prescription"
  ADD CONSTRAINT "prescription_state_check"
    CHECK ("state" IN ('DRAFT', 'ISSUED', 'PARTIALLY_DISPENSED', 'DISPENSED', 'CANCELLED',
      'EXPIRED')),
  ADD CONSTRAINT "prescription_issued_check"
    CHECK ("state" IN ('DRAFT', 'CANCELLED') OR "issued_at" IS NOT NULL),
  ADD CONSTRAINT "prescription_cancelled_check"
    CHECK (("state" = 'CANCELLED') = ("cancelled_at" IS NOT NULL)),
  ADD CONSTRAINT "prescription_valid_until_check"
    CHECK ("imported" OR "state" IN ('DRAFT', 'CANCELLED') OR "valid_until" IS NOT NULL),
  ADD CONSTRAINT "prescription_version_check" CHECK ("version" >= 1);

-- No single dose is a thousand grams, and no course longer than a leap year.
ALTER TABLE "prescription_item"
  ADD CONSTRAINT "prescription_item_medicine_check"
    CHECK (num_nonnulls("medicine_code", "coding_code", "coding_display") >= 1),
  ADD CONSTRAINT "prescription_item_position_check" CHECK ("position" BETWEEN 1 AND 100),
  ADD CONSTRAINT "prescription_item_dose_check"
    CHECK ("dose_quantity" > 0 AND "dose_quantity" <= 1000000),
  ADD CONSTRAINT "prescription_item_frequency_check"
    CHECK ("frequency_per_day" > 0 AND "frequency_per_day" <= 24),
  ADD CONSTRAINT "prescription_item_duration_check" CHECK ("duration_days" BETWEEN 1 AND 366),
  ADD CONSTRAINT "prescription_item_quantity_check" CHECK ("quantity" BETWEEN 1 AND 10000),
  ADD CONSTRAINT "prescription_item_dispensed_check" CHECK ("dispensed_quantity" >= 0);

ALTER TABLE "dispensing"
  ADD CONSTRAINT "dispensing_quantity_check" CHECK ("quantity" BETWEEN 1 AND 10000),
  ADD CONSTRAINT "dispensing_shortfall_check" CHECK ("shortfall" BETWEEN 0 AND "quantity"),
  ADD CONSTRAINT "dispensing_version_check" CHECK ("version" >= 1);

ALTER TABLE "stock_batch"
  ADD CONSTRAINT "stock_batch_on_hand_check" CHECK ("on_hand" >= 0),
  ADD CONSTRAINT "stock_batch_version_check" CHECK ("version" >= 0);

ALTER TABLE "stock_movement"
  ADD CONSTRAINT "stock_movement_kind_check"
    CHECK (("kind" IN ('RECEIVED', 'TRANSFERRED_IN') AND "quantity" > 0)
      OR ("kind" IN ('DISPENSED', 'DISCARDED', 'TRANSFERRED_OUT') AND "quantity" < 0)
      OR ("kind" = 'ADJUSTED' AND "quantity" <> 0)),
  ADD CONSTRAINT "stock_movement_reason_check"
    CHECK ("reason" IN ('COUNTED', 'ENTRY_ERROR', 'HANDED_OUT_BEYOND_BOOKS', 'EXPIRED', 'DAMAGED',
      'LOST', 'RECALLED')),
  ADD CONSTRAINT "stock_movement_explained_check"
    CHECK ("reason" IS NOT NULL OR "kind" NOT IN ('ADJUSTED', 'DISCARDED')),
  ADD CONSTRAINT "stock_movement_dispensing_check"
    CHECK ("dispensing_id" IS NOT NULL OR "kind" <> 'DISPENSED'),
  ADD CONSTRAINT "stock_movement_balance_check" CHECK ("balance_after" >= 0),
  ADD CONSTRAINT "stock_movement_sequence_check" CHECK ("sequence" >= 1);

-- A ledger is believed because nobody can change its lines afterwards.
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'stock movements are never changed' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER stock_movement_append_only
  BEFORE UPDATE OR DELETE ON "stock_movement"
  FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();

-- What leaves the shelf must be on it: the balance follows from the line before.
CREATE FUNCTION check_ledger_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  balance_before integer;
BEGIN
  SELECT balance_after INTO balance_before FROM "stock_movement"
    WHERE batch_id = NEW.batch_id AND sequence = NEW.sequence - 1;
  IF NEW.sequence > 1 AND balance_before IS NULL
    OR NEW.balance_after <> COALESCE(balance_before, 0) + NEW.quantity THEN
    RAISE EXCEPTION 'the ledger of the batch does not add up'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_movement_ledger_check';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER stock_movement_adds_up
  BEFORE INSERT ON "stock_movement"
  FOR EACH ROW EXECUTE FUNCTION check_ledger_line();
