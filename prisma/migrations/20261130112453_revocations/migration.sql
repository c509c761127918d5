-- CreateTable
CREATE TABLE "revocations" (
    "change" BIGINT NOT NULL,
    "token_id" VARCHAR(255),
    "user_id" VARCHAR(255),
    "issued_before" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "revocations_pkey" PRIMARY KEY ("change")
);

-- CreateTable
CREATE TABLE "revocation_changes" (
    "id" SMALLINT NOT NULL,
    "number" BIGINT NOT NULL,

    CONSTRAINT "revocation_changes_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "revocations_token_id_key" ON "revocations"("token_id");

-- CreateIndex
CREATE UNIQUE INDEX "revocations_user_id_key" ON "revocations"("user_id");

-- CreateIndex
CREATE INDEX "revocations_expires_at_idx" ON "revocations"("expires_at");
