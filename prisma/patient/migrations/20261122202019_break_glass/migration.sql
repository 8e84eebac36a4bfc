-- CreateTable
CREATE TABLE "break_glass_grant" (
    "id" UUID NOT NULL,
    "actor_id" UUID NOT NULL,
    "institution_id" UUID NOT NULL,
    "session_id" TEXT,
    "patient_id" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "justification" BYTEA NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "break_glass_grant_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "break_glass_grant_institution_id_id_idx" ON "break_glass_grant"("institution_id", "id");

-- CreateIndex
CREATE INDEX "break_glass_grant_patient_id_id_idx" ON "break_glass_grant"("patient_id", "id");

-- CreateIndex
CREATE INDEX "break_glass_grant_actor_id_id_idx" ON "break_glass_grant"("actor_id", "id");

-- AddForeignKey
ALTER TABLE "break_glass_grant" ADD CONSTRAINT "break_glass_grant_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- Checks that the schema language has no words for.
ALTER TABLE "break_glass_grant"
  ADD CONSTRAINT "break_glass_grant_reason_check"
    CHECK ("reason" IN ('EMERGENCY', 'PATIENT_PRESENT', 'TRANSFER_OF_CARE', 'COVERING_COLLEAGUE')),
  ADD CONSTRAINT "break_glass_grant_purpose_check" CHECK (length("purpose") BETWEEN 1 AND 100),
  -- Whatever the program asks for: nothing is opened for longer than an hour.
  ADD CONSTRAINT "break_glass_grant_term_check"
    CHECK ("expires_at" > "opened_at" AND "expires_at" <= "opened_at" + interval '1 hour'),
  ADD CONSTRAINT "break_glass_grant_closed_at_check"
    CHECK ("closed_at" IS NULL OR "closed_at" >= "opened_at");
