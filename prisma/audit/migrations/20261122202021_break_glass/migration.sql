-- AlterTable
ALTER TABLE "audit_event" ADD COLUMN     "grant_id" UUID,
ADD COLUMN     "grant_reason" TEXT,
ADD COLUMN     "opened_patient_id" UUID;

-- CreateIndex
CREATE INDEX "audit_event_grant_id_idx" ON "audit_event"("grant_id");

-- Checks that the schema language has no words for.
ALTER TABLE "audit_event"
  ADD CONSTRAINT "audit_event_grant_check"
    CHECK (num_nulls("grant_id", "grant_reason", "opened_patient_id") IN (0, 3)),
  ADD CONSTRAINT "audit_event_grant_reason_check" CHECK (length("grant_reason") BETWEEN 1 AND 100);
