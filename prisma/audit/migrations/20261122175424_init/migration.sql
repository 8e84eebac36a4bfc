-- CreateTable
CREATE TABLE "access_record" (
    "patient_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "request_id" UUID NOT NULL,
    "actor_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "access_record_pkey" PRIMARY KEY ("patient_id","event_id")
);

-- CreateTable
CREATE TABLE "area_ref" (
    "id" UUID NOT NULL,
    "ancestors" UUID[],
    "version" INTEGER NOT NULL,

    CONSTRAINT "area_ref_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_event" (
    "id" UUID NOT NULL,
    "request_id" UUID NOT NULL,
    "subgraph" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "roles" TEXT[],
    "institution_id" UUID NOT NULL,
    "device_id" UUID,
    "purpose" TEXT NOT NULL,
    "operation" TEXT,
    "operation_id" UUID,
    "outcome" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3),
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_access" (
    "event_id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "request_id" UUID NOT NULL,
    "types" TEXT[],

    CONSTRAINT "audit_access_pkey" PRIMARY KEY ("event_id","patient_id")
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
CREATE TABLE "patient_ref" (
    "id" UUID NOT NULL,
    "area_id" UUID,
    "institution_id" UUID,
    "author_id" UUID NOT NULL,
    "status" TEXT NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "patient_ref_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "access_record_patient_id_occurred_at_event_id_idx" ON "access_record"("patient_id", "occurred_at" DESC, "event_id" DESC);

-- CreateIndex
CREATE INDEX "access_record_event_id_idx" ON "access_record"("event_id");

-- CreateIndex
CREATE UNIQUE INDEX "access_record_patient_id_request_id_actor_id_client_id_purp_key" ON "access_record"("patient_id", "request_id", "actor_id", "client_id", "purpose");

-- CreateIndex
CREATE INDEX "area_ref_ancestors_idx" ON "area_ref" USING GIN ("ancestors");

-- CreateIndex
CREATE INDEX "audit_event_occurred_at_id_idx" ON "audit_event"("occurred_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "audit_event_institution_id_occurred_at_id_idx" ON "audit_event"("institution_id", "occurred_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "audit_event_actor_id_occurred_at_id_idx" ON "audit_event"("actor_id", "occurred_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "audit_access_patient_id_event_id_idx" ON "audit_access"("patient_id", "event_id" DESC);

-- CreateIndex
CREATE INDEX "audit_access_patient_id_request_id_idx" ON "audit_access"("patient_id", "request_id");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_id_key" ON "outbox_event"("id");

-- CreateIndex
CREATE INDEX "outbox_event_published_at_position_idx" ON "outbox_event"("published_at", "position");

-- CreateIndex
CREATE INDEX "inbox_message_state_received_at_idx" ON "inbox_message"("state", "received_at");

-- CreateIndex
CREATE INDEX "patient_ref_area_id_id_idx" ON "patient_ref"("area_id", "id");

-- CreateIndex
CREATE INDEX "patient_ref_institution_id_id_idx" ON "patient_ref"("institution_id", "id");

-- CreateIndex
CREATE INDEX "patient_ref_author_id_id_idx" ON "patient_ref"("author_id", "id");

-- AddForeignKey
ALTER TABLE "access_record" ADD CONSTRAINT "access_record_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "audit_event"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "access_record" ADD CONSTRAINT "access_record_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "audit_access" ADD CONSTRAINT "audit_access_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "audit_event"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "audit_access" ADD CONSTRAINT "audit_access_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "patient_ref" ADD CONSTRAINT "patient_ref_area_id_fkey" FOREIGN KEY ("area_id") REFERENCES "area_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Checks that the schema language has no words for.
ALTER TABLE "audit_event"
  ADD CONSTRAINT "audit_event_action_check" CHECK ("action" IN ('READ', 'WRITE')),
  ADD CONSTRAINT "audit_event_subgraph_check" CHECK (length("subgraph") BETWEEN 1 AND 100),
  ADD CONSTRAINT "audit_event_actor_id_check" CHECK (length("actor_id") BETWEEN 1 AND 200),
  ADD CONSTRAINT "audit_event_purpose_check" CHECK (length("purpose") BETWEEN 1 AND 100),
  ADD CONSTRAINT "audit_event_outcome_check" CHECK (length("outcome") BETWEEN 1 AND 100);
ALTER TABLE "patient_ref"
  ADD CONSTRAINT "patient_ref_version_check" CHECK ("version" >= 0);
ALTER TABLE "area_ref"
  ADD CONSTRAINT "area_ref_version_check" CHECK ("version" >= 0);

-- Threat: whoever opened a record without need rewrites or removes the trace, through a defect of
-- this program or with its database account. Defence: the tables refuse every change but INSERT,
-- whoever asks. WO001 ("write once") is of a class that the SQL standard leaves to implementations.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the rows of % are written once: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'WO001';
END;
$$;
CREATE TRIGGER "audit_event_write_once" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_event"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER "audit_access_write_once" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_access"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER "access_record_write_once" BEFORE UPDATE OR DELETE OR TRUNCATE ON "access_record"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
