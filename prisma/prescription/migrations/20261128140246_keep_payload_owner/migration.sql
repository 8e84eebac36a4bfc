-- AlterTable: what is kept already is sealed for the record itself; a patient's id is the patient.
ALTER TABLE "conflict_record" ADD COLUMN     "kept_owner_id" UUID;
UPDATE "conflict_record" SET "kept_owner_id" = "entity_id";
ALTER TABLE "conflict_record" ALTER COLUMN "kept_owner_id" SET NOT NULL;

-- AlterTable: a payload that is kept already is sealed for its operation.
ALTER TABLE "operation_record" ADD COLUMN     "payload_owner_id" UUID;
UPDATE "operation_record" SET "payload_owner_id" = "id" WHERE "sealed_payload" IS NOT NULL;

-- CreateIndex
CREATE INDEX "conflict_record_kept_owner_id_idx" ON "conflict_record"("kept_owner_id");

-- CreateIndex
CREATE INDEX "operation_record_payload_owner_id_idx" ON "operation_record"("payload_owner_id");
