-- AlterTable
ALTER TABLE "members" ADD COLUMN     "earlier_stays" int4multirange NOT NULL DEFAULT '{}'::int4multirange,
ADD COLUMN     "left_member_count" INTEGER,
ADD COLUMN     "left_message_ttl_seconds" INTEGER,
ADD COLUMN     "left_title" VARCHAR(255);

-- CreateTable
CREATE TABLE "created_groups" (
    "creator_id" VARCHAR(255) NOT NULL,
    "client_chat_id" VARCHAR(64) NOT NULL,
    "chat_id" UUID NOT NULL,
    "fingerprint" BYTEA NOT NULL,

    CONSTRAINT "created_groups_pkey" PRIMARY KEY ("creator_id","client_chat_id")
);

-- CreateIndex
CREATE INDEX "messages_expires_at_idx" ON "messages"("expires_at") WHERE (expires_at IS NOT NULL AND body IS NOT NULL);
