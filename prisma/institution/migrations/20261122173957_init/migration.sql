-- CreateTable
CREATE TABLE "area" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "code" TEXT,
    "parent_id" UUID,
    "ancestors" UUID[],
    "time_zone" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "area_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "device" (
    "id" UUID NOT NULL,
    "label" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "institution_id" UUID NOT NULL,
    "holder_id" UUID,
    "enrolled_at" TIMESTAMPTZ(3) NOT NULL,
    "last_sync_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "device_pkey" PRIMARY KEY ("id")
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
CREATE TABLE "institution" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "registry_code" TEXT,
    "area_id" UUID NOT NULL,
    "verification" TEXT NOT NULL,
    "verified_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "institution_pkey" PRIMARY KEY ("id")
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
CREATE TABLE "partner" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "institution_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "partner_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "staff" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "contact" BYTEA,
    "contact_index" TEXT[],
    "credentials_number" TEXT,
    "institution_id" UUID NOT NULL,
    "availability" TEXT NOT NULL,
    "dismissed_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "staff_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "staff_area" (
    "staff_id" UUID NOT NULL,
    "area_id" UUID NOT NULL,

    CONSTRAINT "staff_area_pkey" PRIMARY KEY ("staff_id","area_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "area_code_key" ON "area"("code");

-- CreateIndex
CREATE INDEX "area_parent_id_name_id_idx" ON "area"("parent_id", "name", "id");

-- CreateIndex
CREATE INDEX "area_ancestors_idx" ON "area" USING GIN ("ancestors");

-- CreateIndex
CREATE INDEX "device_institution_id_id_idx" ON "device"("institution_id", "id");

-- CreateIndex
CREATE INDEX "device_holder_id_idx" ON "device"("holder_id");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_id_key" ON "outbox_event"("id");

-- CreateIndex
CREATE INDEX "outbox_event_published_at_position_idx" ON "outbox_event"("published_at", "position");

-- CreateIndex
CREATE INDEX "inbox_message_state_received_at_idx" ON "inbox_message"("state", "received_at");

-- CreateIndex
CREATE UNIQUE INDEX "institution_registry_code_key" ON "institution"("registry_code");

-- CreateIndex
CREATE INDEX "institution_area_id_name_id_idx" ON "institution"("area_id", "name", "id");

-- CreateIndex
CREATE INDEX "institution_name_id_idx" ON "institution"("name", "id");

-- CreateIndex
CREATE INDEX "operation_record_device_id_device_sequence_idx" ON "operation_record"("device_id", "device_sequence");

-- CreateIndex
CREATE INDEX "operation_record_verdict_received_at_idx" ON "operation_record"("verdict", "received_at");

-- CreateIndex
CREATE INDEX "change_log_entry_transaction_id_position_idx" ON "change_log_entry"("transaction_id", "position");

-- CreateIndex
CREATE INDEX "conflict_record_entity_id_settled_at_idx" ON "conflict_record"("entity_id", "settled_at");

-- CreateIndex
CREATE INDEX "partner_institution_id_name_id_idx" ON "partner"("institution_id", "name", "id");

-- CreateIndex
CREATE INDEX "staff_institution_id_name_id_idx" ON "staff"("institution_id", "name", "id");

-- CreateIndex
CREATE INDEX "staff_contact_index_idx" ON "staff" USING GIN ("contact_index");

-- CreateIndex
CREATE INDEX "staff_area_area_id_idx" ON "staff_area"("area_id");

-- AddForeignKey
ALTER TABLE "area" ADD CONSTRAINT "area_parent_id_fkey" FOREIGN KEY ("parent_id") REFERENCES "area"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_institution_id_fkey" FOREIGN KEY ("institution_id") REFERENCES "institution"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_holder_id_fkey" FOREIGN KEY ("holder_id") REFERENCES "staff"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "institution" ADD CONSTRAINT "institution_area_id_fkey" FOREIGN KEY ("area_id") REFERENCES "area"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "partner" ADD CONSTRAINT "partner_institution_id_fkey" FOREIGN KEY ("institution_id") REFERENCES "institution"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "staff" ADD CONSTRAINT "staff_institution_id_fkey" FOREIGN KEY ("institution_id") REFERENCES "institution"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "staff_area" ADD CONSTRAINT "staff_area_staff_id_fkey" FOREIGN KEY ("staff_id") REFERENCES "staff"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "staff_area" ADD CONSTRAINT "staff_area_area_id_fkey" FOREIGN KEY ("area_id") REFERENCES "area"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Checks that the schema language has no words for.
ALTER TABLE "area"
  ADD CONSTRAINT "area_kind_check" CHECK ("kind" IN ('COUNTRY', 'STATE', 'DISTRICT', 'BLOCK', 'VILLAGE')),
  ADD CONSTRAINT "area_name_check" CHECK (length(btrim("name")) BETWEEN 1 AND 200),
  ADD CONSTRAINT "area_version_check" CHECK ("version" > 0),
  ADD CONSTRAINT "area_not_own_ancestor_check" CHECK ("parent_id" IS DISTINCT FROM "id"),
  ADD CONSTRAINT "area_ancestors_check" CHECK ("ancestors"[array_upper("ancestors", 1)] = "id");
ALTER TABLE "institution"
  ADD CONSTRAINT "institution_kind_check" CHECK ("kind" IN ('HOSPITAL', 'CLINIC', 'HEALTH_POST', 'PHARMACY', 'LABORATORY', 'OFFICE')),
  ADD CONSTRAINT "institution_name_check" CHECK (length(btrim("name")) BETWEEN 1 AND 200),
  ADD CONSTRAINT "institution_version_check" CHECK ("version" > 0),
  ADD CONSTRAINT "institution_verification_check" CHECK ("verification" IN ('UNVERIFIED', 'VERIFIED', 'REVOKED') AND ("verification" = 'VERIFIED') = ("verified_at" IS NOT NULL));
ALTER TABLE "staff"
  ADD CONSTRAINT "staff_role_check" CHECK ("role" IN ('HEALTH_WORKER', 'CLINICIAN', 'PHARMACIST', 'INSTITUTION_ADMIN', 'AUDITOR', 'PLATFORM_ADMIN')),
  ADD CONSTRAINT "staff_name_check" CHECK (length(btrim("name")) BETWEEN 1 AND 200),
  ADD CONSTRAINT "staff_version_check" CHECK ("version" > 0),
  ADD CONSTRAINT "staff_availability_check" CHECK ("availability" IN ('AVAILABLE', 'ON_LEAVE', 'UNAVAILABLE'));
ALTER TABLE "device"
  ADD CONSTRAINT "device_state_check" CHECK ("state" IN ('ENROLLED', 'SUSPENDED', 'LOST', 'RETIRED')),
  ADD CONSTRAINT "device_label_check" CHECK (length(btrim("label")) BETWEEN 1 AND 80),
  ADD CONSTRAINT "device_version_check" CHECK ("version" > 0);
ALTER TABLE "partner"
  ADD CONSTRAINT "partner_state_check" CHECK ("state" IN ('ACTIVE', 'SUSPENDED')),
  ADD CONSTRAINT "partner_name_check" CHECK (length(btrim("name")) BETWEEN 1 AND 200),
  ADD CONSTRAINT "partner_version_check" CHECK ("version" > 0);
ALTER TABLE "operation_record"
  ADD CONSTRAINT "operation_record_verdict_check" CHECK ("verdict" IN ('APPLIED', 'MERGED', 'CONFLICT', 'PROVISIONAL', 'QUARANTINED', 'REJECTED')),
  ADD CONSTRAINT "operation_record_sequence_check" CHECK ("device_sequence" > 0);
ALTER TABLE "conflict_record"
  ADD CONSTRAINT "conflict_record_shown_check" CHECK ("shown" IN ('SERVER', 'DEVICE'));
