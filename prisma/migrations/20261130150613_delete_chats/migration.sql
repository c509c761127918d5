-- AlterEnum
ALTER TYPE "ChatEventType" ADD VALUE 'CHAT_DELETED';

-- AlterTable
ALTER TABLE "chats" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "deleted_chats" (
    "chat_id" UUID NOT NULL,
    "last_seq" INTEGER NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "is_emptied" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "deleted_chats_pkey" PRIMARY KEY ("chat_id")
);

-- CreateIndex
CREATE INDEX "deleted_chats_due_at_idx" ON "deleted_chats"("due_at");
