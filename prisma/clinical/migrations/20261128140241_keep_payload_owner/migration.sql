-- DropForeignKey
ALTER TABLE "checkup_disease" DROP CONSTRAINT "checkup_disease_checkup_id_fkey";

-- AlterTable: a text becomes a value of format version 0, which the job of existing data seals.
ALTER TABLE "checkup_disease" ADD COLUMN     "patient_id" UUID;
UPDATE "checkup_disease" SET "patient_id" = "checkup"."patient_id"
FROM "checkup" WHERE "checkup"."id" = "checkup_disease"."checkup_id";
ALTER TABLE "checkup_disease" ALTER COLUMN "patient_id" SET NOT NULL,
ALTER COLUMN "coding_display" TYPE BYTEA USING '\x00'::bytea || convert_to("coding_display", 'UTF8');

-- AlterTable: what is kept already is sealed for the record itself; a patient's id is the patient.
ALTER TABLE "conflict_record" ADD COLUMN     "kept_owner_id" UUID;
UPDATE "conflict_record" SET "kept_owner_id" = "entity_id";
ALTER TABLE "conflict_record" ALTER COLUMN "kept_owner_id" SET NOT NULL;

-- AlterTable
ALTER TABLE "immunization" ALTER COLUMN "coding_display" TYPE BYTEA USING '\x00'::bytea || convert_to("coding_display", 'UTF8');

-- AlterTable: a payload that is kept already is sealed for its operation.
ALTER TABLE "operation_record" ADD COLUMN     "payload_owner_id" UUID;
UPDATE "operation_record" SET "payload_owner_id" = "id" WHERE "sealed_payload" IS NOT NULL;

-- CreateIndex
CREATE INDEX "checkup_disease_patient_id_idx" ON "checkup_disease"("patient_id");

-- CreateIndex
CREATE INDEX "conflict_record_kept_owner_id_idx" ON "conflict_record"("kept_owner_id");

-- CreateIndex
CREATE INDEX "operation_record_payload_owner_id_idx" ON "operation_record"("payload_owner_id");

-- AddForeignKey
ALTER TABLE "checkup_disease" ADD CONSTRAINT "checkup_disease_checkup_id_patient_id_fkey" FOREIGN KEY ("checkup_id", "patient_id") REFERENCES "checkup"("id", "patient_id") ON DELETE CASCADE ON UPDATE CASCADE;
