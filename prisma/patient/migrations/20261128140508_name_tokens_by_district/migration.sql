-- AlterTable
ALTER TABLE "area_ref" ADD COLUMN     "district_id" UUID;

-- AlterTable
ALTER TABLE "patient" ADD COLUMN     "district_id" UUID;

-- CreateIndex
CREATE UNIQUE INDEX "area_ref_id_district_id_key" ON "area_ref"("id", "district_id");

-- AddForeignKey
ALTER TABLE "patient" ADD CONSTRAINT "patient_area_id_district_id_fkey" FOREIGN KEY ("area_id", "district_id") REFERENCES "area_ref"("id", "district_id") ON DELETE NO ACTION ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED;

-- What follows is written by hand.

-- Name tokens were made under one key for all districts, so they find nobody any more, and what they
-- tell of who shares a name across districts goes with them. Phone tokens are planned at 24 bits now:
-- their beginning is what would be computed.
UPDATE "patient" SET "name_tokens" = '{}', "phone_index" = left("phone_index", 6);

-- Rows whose name is in no index. A search says so while there are any where it looks, and the job
-- that indexes them finds them here; it writes name and district together, and the row leaves.
CREATE INDEX "patient_unindexed_idx" ON "patient" ("area_id", "id") WHERE "district_id" IS NULL;
