-- CreateEnum
CREATE TYPE "FollowerSource" AS ENUM ('LOGS', 'RECEIPTS', 'USERS');

-- AlterTable
ALTER TABLE "chat_marks" DROP CONSTRAINT "chat_marks_pkey",
ADD COLUMN     "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "user_id" VARCHAR(255) NOT NULL DEFAULT '',
ADD CONSTRAINT "chat_marks_pkey" PRIMARY KEY ("chat_id", "follower_id", "user_id");

-- AlterTable
ALTER TABLE "followers" ADD COLUMN     "source" "FollowerSource" NOT NULL DEFAULT 'LOGS';

-- AlterTable
ALTER TABLE "webhooks" ADD COLUMN     "pending_after_s" INTEGER NOT NULL DEFAULT 30;


-- As before, for followers of chat logs alone.
CREATE OR REPLACE FUNCTION mark_appended_chats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chat_marks AS m (chat_id, follower_id, first_seq, last_seq, due_at)
  SELECT a.chat_id, f.id, min(a.seq), max(a.seq), clock_timestamp()
  FROM appended a CROSS JOIN followers f
  WHERE f.source = 'LOGS'
  GROUP BY a.chat_id, f.id
  ORDER BY a.chat_id, f.id
  ON CONFLICT (chat_id, follower_id, user_id) DO UPDATE SET last_seq = EXCLUDED.last_seq;
  RETURN NULL;
END
$$;

-- One mark per member whose watermarks have moved. It becomes due after five seconds, so that later moves join it. The
-- member's row is locked, so marks of one member never wait for each other.
CREATE FUNCTION mark_advanced_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chat_marks AS m (chat_id, follower_id, user_id, first_seq, last_seq, changed_at, due_at)
  SELECT NEW.chat_id, f.id, NEW.user_id, 1, 1, clock_timestamp(), clock_timestamp() + interval '5 seconds'
  FROM followers f WHERE f.source = 'RECEIPTS'
  ORDER BY f.id
  ON CONFLICT (chat_id, follower_id, user_id)
    DO UPDATE SET last_seq = m.last_seq + 1, changed_at = EXCLUDED.changed_at;
  RETURN NULL;
END
$$;

CREATE TRIGGER members_mark AFTER UPDATE OF receipt_at ON members
FOR EACH ROW WHEN (NEW.receipt_at IS DISTINCT FROM OLD.receipt_at) EXECUTE FUNCTION mark_advanced_member();

-- One mark per user with another name, picture or state. Activity and newer tokens with the same content do not count,
-- and neither do users that were imported: their claims are of the epoch.
CREATE FUNCTION mark_changed_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.claims_issued_at = 'epoch' THEN RETURN NULL; END IF;
  ELSIF to_jsonb(NEW) - '{last_active_at,claims_issued_at}'::text[]
      = to_jsonb(OLD) - '{last_active_at,claims_issued_at}'::text[] THEN
    RETURN NULL;
  END IF;
  INSERT INTO chat_marks AS m (chat_id, follower_id, user_id, first_seq, last_seq, changed_at, due_at)
  SELECT '00000000-0000-0000-0000-000000000000', f.id, NEW.id, 1, 1, clock_timestamp(), clock_timestamp()
  FROM followers f WHERE f.source = 'USERS'
  ORDER BY f.id
  ON CONFLICT (chat_id, follower_id, user_id)
    DO UPDATE SET last_seq = m.last_seq + 1, changed_at = EXCLUDED.changed_at;
  RETURN NULL;
END
$$;

CREATE TRIGGER users_mark AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION mark_changed_user();

-- As chat_events_mark: enabled only while there is a follower of the source.
ALTER TABLE members DISABLE TRIGGER members_mark;
ALTER TABLE users DISABLE TRIGGER users_mark;
