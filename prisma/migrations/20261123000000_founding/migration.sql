-- CreateEnum
CREATE TYPE "ChatKind" AS ENUM ('DIRECT', 'GROUP');

-- CreateEnum
CREATE TYPE "MemberRole" AS ENUM ('OWNER', 'ADMIN', 'MEMBER');

-- CreateEnum
CREATE TYPE "ChatEventType" AS ENUM ('MESSAGE_SENT', 'MESSAGE_EDITED', 'MESSAGE_DELETED', 'REACTION_CHANGED', 'MEMBER_ADDED', 'MEMBER_REMOVED', 'MEMBER_ROLE_CHANGED', 'CHAT_UPDATED');

-- CreateTable
CREATE TABLE "users" (
    "id" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "avatar_url" VARCHAR(2048),
    "claims_issued_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "devices" (
    "user_id" VARCHAR(255) NOT NULL,
    "device_id" VARCHAR(64) NOT NULL,
    "registered_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "devices_pkey" PRIMARY KEY ("user_id","device_id")
);

-- CreateTable
CREATE TABLE "device_positions" (
    "chat_id" UUID NOT NULL,
    "user_id" VARCHAR(255) NOT NULL,
    "device_id" VARCHAR(64) NOT NULL,
    "acked_seq" INTEGER NOT NULL,

    CONSTRAINT "device_positions_pkey" PRIMARY KEY ("chat_id","user_id","device_id")
);

-- CreateTable
CREATE TABLE "chats" (
    "id" UUID NOT NULL,
    "kind" "ChatKind" NOT NULL,
    "title" VARCHAR(255),
    "creator_id" VARCHAR(255) NOT NULL,
    "head_seq" INTEGER NOT NULL DEFAULT 0,
    "members_seq" INTEGER NOT NULL DEFAULT 0,
    "member_count" INTEGER NOT NULL,
    "message_ttl_seconds" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_activity_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "chats_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "direct_chats" (
    "low_user_id" VARCHAR(255) NOT NULL,
    "high_user_id" VARCHAR(255) NOT NULL,
    "chat_id" UUID NOT NULL,

    CONSTRAINT "direct_chats_pkey" PRIMARY KEY ("low_user_id","high_user_id")
);

-- CreateTable
CREATE TABLE "members" (
    "chat_id" UUID NOT NULL,
    "user_id" VARCHAR(255) NOT NULL,
    "role" "MemberRole" NOT NULL DEFAULT 'MEMBER',
    "joined_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "joined_seq" INTEGER NOT NULL DEFAULT 1,
    "left_at" TIMESTAMPTZ(3),
    "left_seq" INTEGER,
    "delivered_seq" INTEGER NOT NULL DEFAULT 0,
    "read_seq" INTEGER NOT NULL DEFAULT 0,
    "receipt_at" TIMESTAMPTZ(3),

    CONSTRAINT "members_pkey" PRIMARY KEY ("chat_id","user_id")
);

-- CreateTable
CREATE TABLE "chat_events" (
    "chat_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "type" "ChatEventType" NOT NULL,
    "actor_id" VARCHAR(255) NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "message_seq" INTEGER,
    "subject_id" VARCHAR(255),
    "role" "MemberRole",
    "emoji" VARCHAR(64),
    "added" BOOLEAN,

    CONSTRAINT "chat_events_pkey" PRIMARY KEY ("chat_id","seq")
);

-- CreateTable
CREATE TABLE "messages" (
    "chat_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "sender_id" VARCHAR(255) NOT NULL,
    "client_message_id" VARCHAR(64) NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "body" TEXT,
    "reply_to_seq" INTEGER,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,
    "edited_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "messages_pkey" PRIMARY KEY ("chat_id","seq")
);

-- CreateTable
CREATE TABLE "reactions" (
    "chat_id" UUID NOT NULL,
    "message_seq" INTEGER NOT NULL,
    "emoji" VARCHAR(64) NOT NULL,
    "user_id" VARCHAR(255) NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reactions_pkey" PRIMARY KEY ("chat_id","message_seq","emoji","user_id")
);

-- CreateIndex
CREATE INDEX "device_positions_user_id_device_id_idx" ON "device_positions"("user_id", "device_id");

-- CreateIndex
CREATE INDEX "members_user_id_idx" ON "members"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "messages_chat_id_sender_id_client_message_id_key" ON "messages"("chat_id", "sender_id", "client_message_id");

-- By hand from here on: storage, which Prisma's schema has no words for and its diff does not see.
-- These rows are rewritten with every message or receipt, in columns that no index covers. Space left in their pages
-- keeps the new version beside the old one (a HOT update): no index is touched, and the next reader of the page
-- clears the old version away without waiting for a vacuum.
ALTER TABLE "chats" SET (fillfactor = 80);
ALTER TABLE "members" SET (fillfactor = 85);
ALTER TABLE "device_positions" SET (fillfactor = 85);
