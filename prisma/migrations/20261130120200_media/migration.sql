-- CreateEnum
CREATE TYPE "AttachmentKind" AS ENUM ('IMAGE', 'VIDEO', 'AUDIO', 'FILE');

-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "attachment_count" SMALLINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "uploads" (
    "id" UUID NOT NULL,
    "uploader_id" VARCHAR(255) NOT NULL,
    "storage_key" UUID NOT NULL,
    "file_name" VARCHAR(255) NOT NULL,
    "content_type" VARCHAR(255) NOT NULL,
    "byte_size" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ready_at" TIMESTAMPTZ(3),
    "attempt" UUID,
    "kind" "AttachmentKind",
    "width" INTEGER,
    "height" INTEGER,
    "thumbhash" VARCHAR(64),
    "has_thumbnails" BOOLEAN NOT NULL DEFAULT false,
    "chat_id" UUID,
    "message_seq" INTEGER,
    "released_at" TIMESTAMPTZ(3),

    CONSTRAINT "uploads_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attachments" (
    "chat_id" UUID NOT NULL,
    "message_seq" INTEGER NOT NULL,
    "position" SMALLINT NOT NULL,
    "id" UUID NOT NULL,
    "kind" "AttachmentKind" NOT NULL,
    "file_name" VARCHAR(255) NOT NULL,
    "content_type" VARCHAR(255) NOT NULL,
    "byte_size" INTEGER NOT NULL,
    "width" INTEGER,
    "height" INTEGER,
    "thumbhash" VARCHAR(64),
    "has_thumbnails" BOOLEAN NOT NULL,

    CONSTRAINT "attachments_pkey" PRIMARY KEY ("chat_id","message_seq","position")
);

-- CreateTable
CREATE TABLE "upload_usages" (
    "user_id" VARCHAR(255) NOT NULL,
    "day" DATE NOT NULL,
    "byte_count" BIGINT NOT NULL,

    CONSTRAINT "upload_usages_pkey" PRIMARY KEY ("day","user_id")
);

-- CreateTable
CREATE TABLE "media_keys" (
    "id" SMALLINT NOT NULL,
    "key" BYTEA NOT NULL,

    CONSTRAINT "media_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "uploads_created_at_idx" ON "uploads"("created_at") WHERE (chat_id IS NULL AND released_at IS NULL);

-- CreateIndex
CREATE INDEX "uploads_released_at_idx" ON "uploads"("released_at") WHERE (released_at IS NOT NULL);
