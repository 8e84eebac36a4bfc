-- CreateTable
CREATE TABLE "area_ref" (
    "id" UUID NOT NULL,
    "ancestors" UUID[],
    "version" INTEGER NOT NULL,

    CONSTRAINT "area_ref_pkey" PRIMARY KEY ("id")
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
CREATE TABLE "household" (
    "id" UUID NOT NULL,
    "area_id" UUID NOT NULL,
    "head_id" UUID,
    "label" BYTEA,
    "address" BYTEA,
    "institution_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "household_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "identifier" (
    "id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "system" TEXT NOT NULL,
    "value" BYTEA NOT NULL,
    "value_index" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "identifier_pkey" PRIMARY KEY ("id")
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
CREATE TABLE "patient" (
    "id" UUID NOT NULL,
    "name" BYTEA NOT NULL,
    "name_tokens" TEXT[],
    "address" BYTEA,
    "phone" BYTEA,
    "phone_index" TEXT,
    "sex" TEXT NOT NULL,
    "birth_date" DATE,
    "birth_date_estimated" BOOLEAN NOT NULL,
    "deceased_on" DATE,
    "preferred_language" TEXT,
    "status" TEXT NOT NULL,
    "merged_into_id" UUID,
    "area_id" UUID NOT NULL,
    "household_id" UUID,
    "institution_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "patient_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "relationship" (
    "id" UUID NOT NULL,
    "from_patient_id" UUID NOT NULL,
    "to_patient_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "ended_on" DATE,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "relationship_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "area_ref_ancestors_idx" ON "area_ref" USING GIN ("ancestors");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_id_key" ON "outbox_event"("id");

-- CreateIndex
CREATE INDEX "outbox_event_published_at_position_idx" ON "outbox_event"("published_at", "position");

-- CreateIndex
CREATE INDEX "inbox_message_state_received_at_idx" ON "inbox_message"("state", "received_at");

-- CreateIndex
CREATE INDEX "household_area_id_id_idx" ON "household"("area_id", "id");

-- CreateIndex
CREATE INDEX "household_institution_id_id_idx" ON "household"("institution_id", "id");

-- CreateIndex
CREATE INDEX "household_author_id_id_idx" ON "household"("author_id", "id");

-- CreateIndex
CREATE INDEX "household_head_id_idx" ON "household"("head_id");

-- CreateIndex
CREATE UNIQUE INDEX "household_id_area_id_key" ON "household"("id", "area_id");

-- CreateIndex
CREATE INDEX "identifier_patient_id_id_idx" ON "identifier"("patient_id", "id");

-- CreateIndex
CREATE INDEX "identifier_type_value_index_idx" ON "identifier"("type", "value_index");

-- CreateIndex
CREATE INDEX "operation_record_device_id_device_sequence_idx" ON "operation_record"("device_id", "device_sequence");

-- CreateIndex
CREATE INDEX "operation_record_verdict_received_at_idx" ON "operation_record"("verdict", "received_at");

-- CreateIndex
CREATE INDEX "change_log_entry_transaction_id_position_idx" ON "change_log_entry"("transaction_id", "position");

-- CreateIndex
CREATE INDEX "conflict_record_entity_id_settled_at_idx" ON "conflict_record"("entity_id", "settled_at");

-- CreateIndex
CREATE INDEX "patient_area_id_id_idx" ON "patient"("area_id", "id");

-- CreateIndex
CREATE INDEX "patient_institution_id_id_idx" ON "patient"("institution_id", "id");

-- CreateIndex
CREATE INDEX "patient_author_id_id_idx" ON "patient"("author_id", "id");

-- CreateIndex
CREATE INDEX "patient_household_id_id_idx" ON "patient"("household_id", "id");

-- CreateIndex
CREATE INDEX "patient_merged_into_id_idx" ON "patient"("merged_into_id");

-- CreateIndex
CREATE INDEX "patient_birth_date_idx" ON "patient"("birth_date");

-- CreateIndex
CREATE INDEX "patient_phone_index_idx" ON "patient"("phone_index");

-- CreateIndex
CREATE INDEX "patient_name_tokens_idx" ON "patient" USING GIN ("name_tokens");

-- CreateIndex
CREATE UNIQUE INDEX "patient_id_household_id_key" ON "patient"("id", "household_id");

-- CreateIndex
CREATE INDEX "relationship_from_patient_id_id_idx" ON "relationship"("from_patient_id", "id");

-- CreateIndex
CREATE INDEX "relationship_to_patient_id_id_idx" ON "relationship"("to_patient_id", "id");

-- AddForeignKey
ALTER TABLE "household" ADD CONSTRAINT "household_area_id_fkey" FOREIGN KEY ("area_id") REFERENCES "area_ref"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "household" ADD CONSTRAINT "household_head_id_id_fkey" FOREIGN KEY ("head_id", "id") REFERENCES "patient"("id", "household_id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "identifier" ADD CONSTRAINT "identifier_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "patient" ADD CONSTRAINT "patient_area_id_fkey" FOREIGN KEY ("area_id") REFERENCES "area_ref"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "patient" ADD CONSTRAINT "patient_household_id_area_id_fkey" FOREIGN KEY ("household_id", "area_id") REFERENCES "household"("id", "area_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "patient" ADD CONSTRAINT "patient_merged_into_id_fkey" FOREIGN KEY ("merged_into_id") REFERENCES "patient"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "relationship" ADD CONSTRAINT "relationship_from_patient_id_fkey" FOREIGN KEY ("from_patient_id") REFERENCES "patient"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "relationship" ADD CONSTRAINT "relationship_to_patient_id_fkey" FOREIGN KEY ("to_patient_id") REFERENCES "patient"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- What follows is written by hand: rules that the schema language has no words for.

-- One day of grace covers the zones ahead of UTC. Nobody alive was born before 1880.
ALTER TABLE "patient"
  ADD CONSTRAINT "patient_sex_check"
    CHECK ("sex" IN ('FEMALE', 'MALE', 'OTHER', 'UNKNOWN')),
  ADD CONSTRAINT "patient_status_check"
    CHECK ("status" IN ('ACTIVE', 'DECEASED', 'MOVED_AWAY', 'MERGED', 'ENTERED_IN_ERROR')),
  ADD CONSTRAINT "patient_birth_date_check"
    CHECK ("birth_date" BETWEEN DATE '1880-01-01'
      AND (("received_at" AT TIME ZONE 'UTC')::date + 1)),
  ADD CONSTRAINT "patient_birth_date_estimated_check"
    CHECK ("birth_date" IS NOT NULL OR NOT "birth_date_estimated"),
  ADD CONSTRAINT "patient_deceased_on_check"
    CHECK ("deceased_on" >= COALESCE("birth_date", DATE '1880-01-01')),
  ADD CONSTRAINT "patient_deceased_status_check"
    CHECK ("deceased_on" IS NULL OR "status" IN ('DECEASED', 'MERGED', 'ENTERED_IN_ERROR')),
  ADD CONSTRAINT "patient_merged_into_check"
    CHECK (("status" = 'MERGED') = ("merged_into_id" IS NOT NULL) AND "merged_into_id" <> "id"),
  ADD CONSTRAINT "patient_version_check" CHECK ("version" >= 1);

ALTER TABLE "household"
  ADD CONSTRAINT "household_version_check" CHECK ("version" >= 1);

ALTER TABLE "identifier"
  ADD CONSTRAINT "identifier_type_check"
    CHECK ("type" IN ('CARD', 'NATIONAL_ID', 'MRN', 'PASSPORT', 'PHONE_CARD', 'OTHER')),
  ADD CONSTRAINT "identifier_status_check" CHECK ("status" IN ('ACTIVE', 'RETIRED')),
  ADD CONSTRAINT "identifier_system_check" CHECK (length("system") <= 200),
  ADD CONSTRAINT "identifier_version_check" CHECK ("version" >= 1);

-- Two hospitals may give two people the same record number; one issuer may not.
CREATE UNIQUE INDEX "identifier_active_value_key"
  ON "identifier" ("type", "system", "value_index") WHERE "status" = 'ACTIVE';

ALTER TABLE "relationship"
  ADD CONSTRAINT "relationship_kind_check"
    CHECK ("kind" IN ('MOTHER', 'FATHER', 'CHILD', 'SPOUSE', 'SIBLING', 'GUARDIAN', 'CAREGIVER',
      'EMERGENCY_CONTACT', 'OTHER')),
  ADD CONSTRAINT "relationship_status_check"
    CHECK ("status" IN ('ACTIVE', 'ENDED', 'ENTERED_IN_ERROR')),
  ADD CONSTRAINT "relationship_not_oneself_check" CHECK ("from_patient_id" <> "to_patient_id"),
  ADD CONSTRAINT "relationship_ended_on_check"
    CHECK ("ended_on" IS NULL OR "status" <> 'ACTIVE'),
  ADD CONSTRAINT "relationship_version_check" CHECK ("version" >= 1);

CREATE UNIQUE INDEX "relationship_active_pair_key"
  ON "relationship" ("from_patient_id", "to_patient_id", "kind") WHERE "status" = 'ACTIVE';

-- Spouses and siblings are that of each other, whoever is named first.
CREATE UNIQUE INDEX "relationship_active_mutual_key"
  ON "relationship" (LEAST("from_patient_id", "to_patient_id"),
    GREATEST("from_patient_id", "to_patient_id"), "kind")
  WHERE "status" = 'ACTIVE' AND "kind" IN ('SPOUSE', 'SIBLING');
