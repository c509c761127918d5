-- CreateTable
CREATE TABLE "followers" (
    "id" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "followers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "chat_marks" (
    "chat_id" UUID NOT NULL,
    "follower_id" VARCHAR(64) NOT NULL,
    "first_seq" INTEGER NOT NULL,
    "last_seq" INTEGER NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease" UUID,
    "leased_until" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "failing_since" TIMESTAMPTZ(3),
    "last_error" VARCHAR(500),

    CONSTRAINT "chat_marks_pkey" PRIMARY KEY ("chat_id","follower_id")
);

-- CreateTable
CREATE TABLE "follower_positions" (
    "chat_id" UUID NOT NULL,
    "follower_id" VARCHAR(64) NOT NULL,
    "seq" INTEGER NOT NULL,

    CONSTRAINT "follower_positions_pkey" PRIMARY KEY ("chat_id","follower_id")
);

-- CreateTable
CREATE TABLE "webhooks" (
    "id" VARCHAR(64) NOT NULL,
    "url" VARCHAR(2048) NOT NULL,
    "types" TEXT[],
    "has_content" BOOLEAN NOT NULL,
    "allows_private" BOOLEAN NOT NULL,
    "secret" VARCHAR(128) NOT NULL,
    "former_secret" VARCHAR(128),
    "former_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "failing_since" TIMESTAMPTZ(3),
    "paused_at" TIMESTAMPTZ(3),
    "pause_reason" VARCHAR(500),

    CONSTRAINT "webhooks_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "chat_marks_follower_id_due_at_idx" ON "chat_marks"("follower_id", "due_at");

-- While there is a follower, each statement that appends to chat logs leaves one mark per chat and follower, in its own
-- transaction. The chat's row is locked by the append, so marks of one chat never wait for each other. The mark stays
-- locked until the append commits: a follower that deletes it afterwards has seen the events.
CREATE FUNCTION mark_appended_chats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chat_marks AS m (chat_id, follower_id, first_seq, last_seq, due_at)
  SELECT a.chat_id, f.id, min(a.seq), max(a.seq), clock_timestamp()
  FROM appended a CROSS JOIN followers f
  GROUP BY a.chat_id, f.id
  ORDER BY a.chat_id, f.id
  ON CONFLICT (chat_id, follower_id) DO UPDATE SET last_seq = EXCLUDED.last_seq;
  RETURN NULL;
END
$$;

CREATE TRIGGER chat_events_mark AFTER INSERT ON chat_events
REFERENCING NEW TABLE AS appended FOR EACH STATEMENT EXECUTE FUNCTION mark_appended_chats();

-- Nothing follows yet. The first follower enables the trigger, and the last one disables it.
ALTER TABLE chat_events DISABLE TRIGGER chat_events_mark;
