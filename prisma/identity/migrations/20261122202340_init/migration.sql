-- CreateTable
CREATE TABLE "account" (
    "staff_id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "password_hash" TEXT,
    "password_changed_at" TIMESTAMPTZ(3),
    "totp_secret_sealed" BYTEA,
    "totp_confirmed_at" TIMESTAMPTZ(3),
    "totp_last_step" BIGINT,
    "last_sign_in_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_pkey" PRIMARY KEY ("staff_id")
);

-- CreateTable
CREATE TABLE "recovery_code" (
    "id" UUID NOT NULL,
    "staff_id" UUID NOT NULL,
    "hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "recovery_code_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sign_in_attempt" (
    "key" BYTEA NOT NULL,
    "used_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sign_in_attempt_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "sign_in_step" (
    "hash" BYTEA NOT NULL,
    "staff_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sign_in_step_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "enrolment_token" (
    "hash" BYTEA NOT NULL,
    "staff_id" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "enrolment_token_pkey" PRIMARY KEY ("hash")
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
CREATE TABLE "partner_client" (
    "partner_id" UUID NOT NULL,
    "auth_method" TEXT NOT NULL,
    "jwks" JSONB NOT NULL,
    "scope" TEXT NOT NULL,
    "certificate_subject" TEXT,
    "certificate_bound" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "partner_client_pkey" PRIMARY KEY ("partner_id")
);

-- CreateTable
CREATE TABLE "partner_projection" (
    "partner_id" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "institution_id" UUID,
    "area_roots" UUID[],
    "version" INTEGER NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "partner_projection_pkey" PRIMARY KEY ("partner_id")
);

-- CreateTable
CREATE TABLE "provider_record" (
    "model" TEXT NOT NULL,
    "id_hash" BYTEA NOT NULL,
    "payload" BYTEA NOT NULL,
    "grant_id" TEXT,
    "uid_hash" BYTEA,
    "user_code" TEXT,
    "consumed_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "provider_record_pkey" PRIMARY KEY ("model","id_hash")
);

-- CreateTable
CREATE TABLE "refresh_family" (
    "id" UUID NOT NULL,
    "staff_id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "grant_id" TEXT NOT NULL,
    "device_id" UUID,
    "scope" TEXT NOT NULL,
    "jkt" TEXT,
    "certificate" TEXT,
    "current_hash" BYTEA NOT NULL,
    "previous_hash" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_because" TEXT,

    CONSTRAINT "refresh_family_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "revocation" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "revoked_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "reason" TEXT NOT NULL,
    "told_at" TIMESTAMPTZ(3),

    CONSTRAINT "revocation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signing_key" (
    "key_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "public_jwk" JSONB NOT NULL,
    "private_sealed" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "active_at" TIMESTAMPTZ(3),
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_key_pkey" PRIMARY KEY ("key_id")
);

-- CreateTable
CREATE TABLE "staff_projection" (
    "staff_id" UUID NOT NULL,
    "role" TEXT,
    "institution_id" UUID,
    "area_roots" UUID[],
    "dismissed" BOOLEAN NOT NULL,
    "version" INTEGER NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "staff_projection_pkey" PRIMARY KEY ("staff_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "account_username_key" ON "account"("username");

-- CreateIndex
CREATE UNIQUE INDEX "recovery_code_staff_id_hash_key" ON "recovery_code"("staff_id", "hash");

-- CreateIndex
CREATE INDEX "sign_in_attempt_used_until_idx" ON "sign_in_attempt"("used_until");

-- CreateIndex
CREATE INDEX "sign_in_step_expires_at_idx" ON "sign_in_step"("expires_at");

-- CreateIndex
CREATE INDEX "enrolment_token_staff_id_idx" ON "enrolment_token"("staff_id");

-- CreateIndex
CREATE INDEX "enrolment_token_expires_at_idx" ON "enrolment_token"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_id_key" ON "outbox_event"("id");

-- CreateIndex
CREATE INDEX "outbox_event_published_at_position_idx" ON "outbox_event"("published_at", "position");

-- CreateIndex
CREATE INDEX "inbox_message_state_received_at_idx" ON "inbox_message"("state", "received_at");

-- CreateIndex
CREATE INDEX "provider_record_grant_id_idx" ON "provider_record"("grant_id");

-- CreateIndex
CREATE INDEX "provider_record_uid_hash_idx" ON "provider_record"("uid_hash");

-- CreateIndex
CREATE INDEX "provider_record_user_code_idx" ON "provider_record"("user_code");

-- CreateIndex
CREATE INDEX "provider_record_expires_at_idx" ON "provider_record"("expires_at");

-- CreateIndex
CREATE INDEX "refresh_family_staff_id_idx" ON "refresh_family"("staff_id");

-- CreateIndex
CREATE INDEX "refresh_family_device_id_idx" ON "refresh_family"("device_id");

-- CreateIndex
CREATE INDEX "refresh_family_grant_id_idx" ON "refresh_family"("grant_id");

-- CreateIndex
CREATE INDEX "refresh_family_expires_at_idx" ON "refresh_family"("expires_at");

-- CreateIndex
CREATE INDEX "revocation_expires_at_idx" ON "revocation"("expires_at");

-- CreateIndex
CREATE INDEX "signing_key_state_idx" ON "signing_key"("state");

-- AddForeignKey
ALTER TABLE "recovery_code" ADD CONSTRAINT "recovery_code_staff_id_fkey" FOREIGN KEY ("staff_id") REFERENCES "account"("staff_id") ON DELETE CASCADE ON UPDATE CASCADE;
