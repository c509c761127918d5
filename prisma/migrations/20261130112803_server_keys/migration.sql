-- CreateTable
CREATE TABLE "member_change_keys" (
    "chat_id" UUID NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "member_change_keys_pkey" PRIMARY KEY ("chat_id","key")
);

-- CreateTable
CREATE TABLE "server_keys" (
    "id" VARCHAR(16) NOT NULL,
    "name" VARCHAR(64) NOT NULL,
    "secret_digest" BYTEA NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "server_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "server_calls" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "key_id" VARCHAR(16) NOT NULL,
    "fields" TEXT[],
    "acted_as" TEXT[],
    "address" VARCHAR(64) NOT NULL,
    "outcome" VARCHAR(32) NOT NULL,
    "duration_ms" INTEGER NOT NULL,

    CONSTRAINT "server_calls_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "server_calls_at_idx" ON "server_calls"("at");
