-- CreateTable
CREATE TABLE "area_ref" (
    "id" UUID NOT NULL,
    "ancestors" UUID[],
    "version" INTEGER NOT NULL,

    CONSTRAINT "area_ref_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "checkup" (
    "id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "visit_type" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "age_days" INTEGER,
    "systolic_mmhg" INTEGER,
    "diastolic_mmhg" INTEGER,
    "pulse_per_min" INTEGER,
    "respiratory_rate_per_min" INTEGER,
    "temperature_celsius" DOUBLE PRECISION,
    "spo2_percent" DOUBLE PRECISION,
    "weight_kg" DOUBLE PRECISION,
    "height_cm" DOUBLE PRECISION,
    "muac_mm" INTEGER,
    "haemoglobin_gdl" DOUBLE PRECISION,
    "glucose_mmol_l" DOUBLE PRECISION,
    "glucose_fasting" BOOLEAN,
    "fundal_height_cm" DOUBLE PRECISION,
    "fetal_heart_rate_per_min" INTEGER,
    "stated_danger_signs" TEXT[],
    "derived_danger_signs" TEXT[],
    "notes" BYTEA,
    "pregnancy_id" UUID,
    "institution_id" UUID NOT NULL,
    "attended_by_id" UUID,
    "amends_id" UUID,
    "amendment_reason" TEXT,
    "withdraws" BOOLEAN NOT NULL DEFAULT false,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "checkup_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "checkup_disease" (
    "id" UUID NOT NULL,
    "checkup_id" UUID NOT NULL,
    "disease_code" TEXT,
    "coding_system" TEXT,
    "coding_code" TEXT,
    "coding_display" TEXT,
    "certainty" TEXT NOT NULL,
    "onset_on" DATE,

    CONSTRAINT "checkup_disease_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "disease" (
    "code" TEXT NOT NULL,
    "chapter" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "translations" JSONB NOT NULL,
    "version" TEXT NOT NULL,

    CONSTRAINT "disease_pkey" PRIMARY KEY ("code")
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
CREATE TABLE "immunization" (
    "id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "status" TEXT NOT NULL,
    "vaccine_code" TEXT,
    "coding_system" TEXT,
    "coding_code" TEXT,
    "coding_display" TEXT,
    "dose_number" INTEGER,
    "series" TEXT,
    "rule" TEXT,
    "occurred_on" DATE NOT NULL,
    "not_given_reason" TEXT,
    "batch" TEXT,
    "institution_id" UUID NOT NULL,
    "given_by_id" UUID,
    "amends_id" UUID,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "immunization_pkey" PRIMARY KEY ("id")
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
CREATE TABLE "pregnancy" (
    "id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "lmp" DATE NOT NULL,
    "edd" DATE NOT NULL,
    "edd_given" BOOLEAN NOT NULL,
    "gravida" INTEGER,
    "para" INTEGER,
    "outcome" TEXT NOT NULL,
    "outcome_on" DATE,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "pregnancy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pregnancy_risk_flag" (
    "pregnancy_id" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "author_id" UUID NOT NULL,
    "flagged_at" TIMESTAMPTZ(3) NOT NULL,
    "removed_at" TIMESTAMPTZ(3),
    "removed_by" UUID,

    CONSTRAINT "pregnancy_risk_flag_pkey" PRIMARY KEY ("pregnancy_id","code")
);

-- CreateTable
CREATE TABLE "referral" (
    "id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "from_institution_id" UUID NOT NULL,
    "to_institution_id" UUID NOT NULL,
    "reason" BYTEA NOT NULL,
    "urgency" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "checkup_id" UUID,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "referral_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "referral_step" (
    "referral_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "author_id" UUID NOT NULL,

    CONSTRAINT "referral_step_pkey" PRIMARY KEY ("referral_id","version")
);

-- CreateTable
CREATE TABLE "task" (
    "id" UUID NOT NULL,
    "patient_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "due_on" DATE NOT NULL,
    "rule" TEXT,
    "note" BYTEA,
    "checkup_id" UUID,
    "assigned_to_id" UUID,
    "closed_at" TIMESTAMPTZ(3),
    "closed_by_id" UUID,
    "version" INTEGER NOT NULL,
    "field_versions" JSONB NOT NULL,
    "author_id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "task_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "area_ref_ancestors_idx" ON "area_ref" USING GIN ("ancestors");

-- CreateIndex
CREATE INDEX "checkup_patient_id_occurred_at_id_idx" ON "checkup"("patient_id", "occurred_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "checkup_occurred_at_id_idx" ON "checkup"("occurred_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "checkup_institution_id_occurred_at_id_idx" ON "checkup"("institution_id", "occurred_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "checkup_visit_type_occurred_at_id_idx" ON "checkup"("visit_type", "occurred_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "checkup_amends_id_idx" ON "checkup"("amends_id");

-- CreateIndex
CREATE INDEX "checkup_pregnancy_id_occurred_at_idx" ON "checkup"("pregnancy_id", "occurred_at");

-- CreateIndex
CREATE UNIQUE INDEX "checkup_id_patient_id_key" ON "checkup"("id", "patient_id");

-- CreateIndex
CREATE INDEX "checkup_disease_checkup_id_id_idx" ON "checkup_disease"("checkup_id", "id");

-- CreateIndex
CREATE INDEX "checkup_disease_disease_code_idx" ON "checkup_disease"("disease_code");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_id_key" ON "outbox_event"("id");

-- CreateIndex
CREATE INDEX "outbox_event_published_at_position_idx" ON "outbox_event"("published_at", "position");

-- CreateIndex
CREATE INDEX "inbox_message_state_received_at_idx" ON "inbox_message"("state", "received_at");

-- CreateIndex
CREATE UNIQUE INDEX "immunization_amends_id_key" ON "immunization"("amends_id");

-- CreateIndex
CREATE INDEX "immunization_patient_id_occurred_on_id_idx" ON "immunization"("patient_id", "occurred_on" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "immunization_vaccine_code_occurred_on_idx" ON "immunization"("vaccine_code", "occurred_on");

-- CreateIndex
CREATE UNIQUE INDEX "immunization_id_patient_id_key" ON "immunization"("id", "patient_id");

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
CREATE INDEX "pregnancy_patient_id_id_idx" ON "pregnancy"("patient_id", "id" DESC);

-- CreateIndex
CREATE INDEX "pregnancy_outcome_edd_idx" ON "pregnancy"("outcome", "edd");

-- CreateIndex
CREATE INDEX "pregnancy_edd_idx" ON "pregnancy"("edd");

-- CreateIndex
CREATE UNIQUE INDEX "pregnancy_id_patient_id_key" ON "pregnancy"("id", "patient_id");

-- CreateIndex
CREATE INDEX "referral_patient_id_id_idx" ON "referral"("patient_id", "id" DESC);

-- CreateIndex
CREATE INDEX "referral_to_institution_id_state_id_idx" ON "referral"("to_institution_id", "state", "id" DESC);

-- CreateIndex
CREATE INDEX "referral_from_institution_id_id_idx" ON "referral"("from_institution_id", "id" DESC);

-- CreateIndex
CREATE INDEX "referral_state_urgency_id_idx" ON "referral"("state", "urgency", "id" DESC);

-- CreateIndex
CREATE INDEX "task_patient_id_due_on_id_idx" ON "task"("patient_id", "due_on", "id");

-- CreateIndex
CREATE INDEX "task_state_due_on_id_idx" ON "task"("state", "due_on", "id");

-- CreateIndex
CREATE INDEX "task_assigned_to_id_state_due_on_idx" ON "task"("assigned_to_id", "state", "due_on");

-- AddForeignKey
ALTER TABLE "checkup" ADD CONSTRAINT "checkup_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "checkup" ADD CONSTRAINT "checkup_pregnancy_id_patient_id_fkey" FOREIGN KEY ("pregnancy_id", "patient_id") REFERENCES "pregnancy"("id", "patient_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "checkup" ADD CONSTRAINT "checkup_amends_id_patient_id_fkey" FOREIGN KEY ("amends_id", "patient_id") REFERENCES "checkup"("id", "patient_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "checkup_disease" ADD CONSTRAINT "checkup_disease_checkup_id_fkey" FOREIGN KEY ("checkup_id") REFERENCES "checkup"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "checkup_disease" ADD CONSTRAINT "checkup_disease_disease_code_fkey" FOREIGN KEY ("disease_code") REFERENCES "disease"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "immunization" ADD CONSTRAINT "immunization_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "immunization" ADD CONSTRAINT "immunization_amends_id_patient_id_fkey" FOREIGN KEY ("amends_id", "patient_id") REFERENCES "immunization"("id", "patient_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "patient_ref" ADD CONSTRAINT "patient_ref_area_id_fkey" FOREIGN KEY ("area_id") REFERENCES "area_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pregnancy" ADD CONSTRAINT "pregnancy_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pregnancy_risk_flag" ADD CONSTRAINT "pregnancy_risk_flag_pregnancy_id_fkey" FOREIGN KEY ("pregnancy_id") REFERENCES "pregnancy"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "referral" ADD CONSTRAINT "referral_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "referral" ADD CONSTRAINT "referral_checkup_id_patient_id_fkey" FOREIGN KEY ("checkup_id", "patient_id") REFERENCES "checkup"("id", "patient_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "referral_step" ADD CONSTRAINT "referral_step_referral_id_fkey" FOREIGN KEY ("referral_id") REFERENCES "referral"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task" ADD CONSTRAINT "task_patient_id_fkey" FOREIGN KEY ("patient_id") REFERENCES "patient_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task" ADD CONSTRAINT "task_checkup_id_patient_id_fkey" FOREIGN KEY ("checkup_id", "patient_id") REFERENCES "checkup"("id", "patient_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Written by hand: what no living person has is refused here too. The limits are those of
-- packages/guideline/data/vital-limits.json; glucose there is in mg/dL (1 mmol/L is 18.016 mg/dL).

ALTER TABLE "checkup"
  ADD CONSTRAINT "checkup_systolic_mmhg_check" CHECK (systolic_mmhg BETWEEN 30 AND 300),
  ADD CONSTRAINT "checkup_diastolic_mmhg_check" CHECK (diastolic_mmhg BETWEEN 10 AND 200),
  ADD CONSTRAINT "checkup_pressure_order_check" CHECK (diastolic_mmhg < systolic_mmhg),
  ADD CONSTRAINT "checkup_pulse_per_min_check" CHECK (pulse_per_min BETWEEN 20 AND 300),
  ADD CONSTRAINT "checkup_respiratory_rate_per_min_check" CHECK (respiratory_rate_per_min BETWEEN 4 AND 150),
  ADD CONSTRAINT "checkup_temperature_celsius_check" CHECK (temperature_celsius BETWEEN 25 AND 45),
  ADD CONSTRAINT "checkup_spo2_percent_check" CHECK (spo2_percent BETWEEN 20 AND 100),
  ADD CONSTRAINT "checkup_weight_kg_check" CHECK (weight_kg BETWEEN 0.3 AND 400),
  ADD CONSTRAINT "checkup_height_cm_check" CHECK (height_cm BETWEEN 20 AND 260),
  ADD CONSTRAINT "checkup_muac_mm_check" CHECK (muac_mm BETWEEN 40 AND 600),
  ADD CONSTRAINT "checkup_haemoglobin_gdl_check" CHECK (haemoglobin_gdl BETWEEN 1 AND 30),
  ADD CONSTRAINT "checkup_glucose_mmol_l_check" CHECK (glucose_mmol_l * 18.016 BETWEEN 5 AND 2000),
  ADD CONSTRAINT "checkup_fundal_height_cm_check" CHECK (fundal_height_cm BETWEEN 5 AND 60),
  ADD CONSTRAINT "checkup_fetal_heart_rate_per_min_check" CHECK (fetal_heart_rate_per_min BETWEEN 30 AND 260),
  ADD CONSTRAINT "checkup_age_days_check" CHECK (age_days BETWEEN 0 AND 50000),
  ADD CONSTRAINT "checkup_visit_type_check" CHECK (visit_type IN ('ANC', 'PNC', 'CHILD', 'IMMUNIZATION', 'GENERAL', 'HOME_VISIT', 'DELIVERY', 'FOLLOW_UP', 'EMERGENCY', 'ENCOUNTER_IMPORT')),
  ADD CONSTRAINT "checkup_amendment_check" CHECK ((amends_id IS NULL) = (amendment_reason IS NULL) AND amends_id <> id),
  ADD CONSTRAINT "checkup_amendment_reason_check" CHECK (amendment_reason IN ('ENTRY_ERROR', 'MEASUREMENT_ERROR', 'WRONG_PATIENT', 'DUPLICATE', 'ADDITIONAL_INFORMATION')),
  ADD CONSTRAINT "checkup_withdraws_check" CHECK (NOT withdraws OR amends_id IS NOT NULL),
  ADD CONSTRAINT "checkup_version_check" CHECK (version = 1);

ALTER TABLE "checkup_disease"
  ADD CONSTRAINT "checkup_disease_named_check" CHECK (disease_code IS NOT NULL OR (coding_system IS NOT NULL AND coding_code IS NOT NULL)),
  ADD CONSTRAINT "checkup_disease_coding_check" CHECK ((coding_system IS NULL) = (coding_code IS NULL)),
  ADD CONSTRAINT "checkup_disease_certainty_check" CHECK (certainty IN ('SUSPECTED', 'CONFIRMED', 'RULED_OUT'));

ALTER TABLE "pregnancy"
  ADD CONSTRAINT "pregnancy_term_check" CHECK (edd - lmp BETWEEN 200 AND 330),
  ADD CONSTRAINT "pregnancy_gravida_check" CHECK (gravida BETWEEN 1 AND 30),
  ADD CONSTRAINT "pregnancy_para_check" CHECK (para BETWEEN 0 AND 30),
  ADD CONSTRAINT "pregnancy_parity_check" CHECK (para <= gravida),
  ADD CONSTRAINT "pregnancy_outcome_check" CHECK (outcome IN ('ONGOING', 'LIVE_BIRTH', 'STILLBIRTH', 'MISCARRIAGE', 'TERMINATION', 'MATERNAL_DEATH', 'UNKNOWN')),
  ADD CONSTRAINT "pregnancy_outcome_on_check" CHECK (CASE outcome WHEN 'ONGOING' THEN outcome_on IS NULL WHEN 'UNKNOWN' THEN true ELSE outcome_on IS NOT NULL END),
  ADD CONSTRAINT "pregnancy_outcome_after_lmp_check" CHECK (outcome_on > lmp),
  ADD CONSTRAINT "pregnancy_version_check" CHECK (version >= 1);

CREATE UNIQUE INDEX "pregnancy_one_ongoing_key" ON "pregnancy" (patient_id) WHERE outcome = 'ONGOING';

ALTER TABLE "immunization"
  ADD CONSTRAINT "immunization_status_check" CHECK (status IN ('GIVEN', 'NOT_GIVEN', 'ENTERED_IN_ERROR')),
  ADD CONSTRAINT "immunization_named_check" CHECK (vaccine_code IS NOT NULL OR (coding_system IS NOT NULL AND coding_code IS NOT NULL)),
  ADD CONSTRAINT "immunization_coding_check" CHECK ((coding_system IS NULL) = (coding_code IS NULL)),
  ADD CONSTRAINT "immunization_not_given_reason_check" CHECK (CASE status WHEN 'GIVEN' THEN not_given_reason IS NULL WHEN 'NOT_GIVEN' THEN not_given_reason IS NOT NULL ELSE true END),
  ADD CONSTRAINT "immunization_not_given_reason_code_check" CHECK (not_given_reason IN ('REFUSED', 'CONTRAINDICATED', 'ILL_TODAY', 'OUT_OF_STOCK', 'IMMUNE', 'GIVEN_ELSEWHERE', 'OTHER')),
  ADD CONSTRAINT "immunization_dose_number_check" CHECK (dose_number BETWEEN 0 AND 20),
  ADD CONSTRAINT "immunization_amends_check" CHECK (amends_id <> id),
  ADD CONSTRAINT "immunization_version_check" CHECK (version >= 1);

CREATE UNIQUE INDEX "immunization_one_dose_key" ON "immunization" (patient_id, vaccine_code, series, dose_number)
  WHERE status = 'GIVEN';

-- The same vaccine twice in a day is one dose that was recorded twice.
CREATE UNIQUE INDEX "immunization_one_a_day_key" ON "immunization" (patient_id, vaccine_code, occurred_on)
  WHERE status = 'GIVEN';

ALTER TABLE "referral"
  ADD CONSTRAINT "referral_institutions_check" CHECK (from_institution_id <> to_institution_id),
  ADD CONSTRAINT "referral_urgency_check" CHECK (urgency IN ('ROUTINE', 'URGENT', 'EMERGENCY')),
  ADD CONSTRAINT "referral_state_check" CHECK (state IN ('REQUESTED', 'ACCEPTED', 'ARRIVED', 'COMPLETED', 'DECLINED', 'CANCELLED')),
  ADD CONSTRAINT "referral_version_check" CHECK (version >= 1);

ALTER TABLE "referral_step"
  ADD CONSTRAINT "referral_step_state_check" CHECK (state IN ('REQUESTED', 'ACCEPTED', 'ARRIVED', 'COMPLETED', 'DECLINED', 'CANCELLED'));

ALTER TABLE "task"
  ADD CONSTRAINT "task_kind_check" CHECK (kind IN ('FOLLOW_UP', 'HOME_VISIT', 'LAB_TEST', 'REFERRAL_FOLLOW_UP', 'MEDICINE_REFILL', 'ANC_VISIT', 'POSTNATAL_VISIT', 'IMMUNIZATION', 'OTHER')),
  ADD CONSTRAINT "task_state_check" CHECK (state IN ('OPEN', 'DONE', 'CANCELLED')),
  ADD CONSTRAINT "task_closed_check" CHECK ((state = 'OPEN') = (closed_at IS NULL) AND (closed_at IS NULL) = (closed_by_id IS NULL)),
  ADD CONSTRAINT "task_version_check" CHECK (version >= 1);
