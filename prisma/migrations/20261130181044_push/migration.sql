-- CreateEnum
CREATE TYPE "PushProvider" AS ENUM ('WEB_PUSH', 'APNS', 'FCM');

-- AlterEnum
ALTER TYPE "FollowerSource" ADD VALUE 'PUSHES';

-- AlterTable
ALTER TABLE "members" ADD COLUMN     "is_muted" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "muted_until" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "push_targets" (
    "user_id" VARCHAR(255) NOT NULL,
    "device_id" VARCHAR(64) NOT NULL,
    "provider" "PushProvider" NOT NULL,
    "address" VARCHAR(4096) NOT NULL,
    "digest" BYTEA NOT NULL,
    "p256dh" VARCHAR(88),
    "auth" VARCHAR(24),
    "is_sandbox" BOOLEAN NOT NULL DEFAULT false,
    "topic" VARCHAR(255),
    "set_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "push_targets_pkey" PRIMARY KEY ("user_id","device_id")
);

-- CreateTable
CREATE TABLE "pushes" (
    "chat_id" UUID NOT NULL,
    "user_id" VARCHAR(255) NOT NULL,
    "device_id" VARCHAR(64) NOT NULL,
    "provider" "PushProvider" NOT NULL,
    "sent_seq" INTEGER NOT NULL DEFAULT 0,
    "sent_at" TIMESTAMPTZ(3),
    "is_shown" BOOLEAN NOT NULL DEFAULT false,
    "withdrawn_at" TIMESTAMPTZ(3),
    "refused_seq" INTEGER NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "retry_at" TIMESTAMPTZ(3),
    "last_error" VARCHAR(500),
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pushes_pkey" PRIMARY KEY ("chat_id","user_id","device_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "push_targets_digest_key" ON "push_targets"("digest");

-- CreateIndex
CREATE INDEX "pushes_changed_at_idx" ON "pushes"("changed_at");

-- CreateIndex
CREATE INDEX "pushes_user_id_device_id_idx" ON "pushes"("user_id", "device_id") WHERE (is_shown);

-- One mark per provider for a member who has read what a device still shows. It is due at once. The member's row is
-- locked, and the statement that plans push messages writes marks in the same order: user, then provider.
CREATE FUNCTION mark_read_pushes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chat_marks AS m (chat_id, follower_id, user_id, first_seq, last_seq, changed_at, due_at)
  SELECT DISTINCT NEW.chat_id, 'push/' || lower(p.provider::text), NEW.user_id, 1, 1, clock_timestamp(), clock_timestamp()
  FROM pushes p
  WHERE p.chat_id = NEW.chat_id AND p.user_id = NEW.user_id AND p.is_shown AND p.sent_seq <= NEW.read_seq
  ORDER BY 2
  ON CONFLICT (chat_id, follower_id, user_id)
    DO UPDATE SET last_seq = m.last_seq + 1, due_at = LEAST(m.due_at, EXCLUDED.due_at);
  RETURN NULL;
END
$$;

CREATE TRIGGER members_push_mark AFTER UPDATE OF read_seq ON members
FOR EACH ROW WHEN (NEW.read_seq > OLD.read_seq) EXECUTE FUNCTION mark_read_pushes();

-- As chat_events_mark: enabled only while push is on.
ALTER TABLE members DISABLE TRIGGER members_push_mark;
