-- The newest message that a device may have been notified about. Stored before it is sent, so that a reading withdraws
-- it also if the gateway dies before the answer. Gateways of the version before write sent_seq alone.
ALTER TABLE "pushes" ADD COLUMN     "attempted_seq" INTEGER NOT NULL DEFAULT 0;

CREATE OR REPLACE FUNCTION mark_read_pushes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chat_marks AS m (chat_id, follower_id, user_id, first_seq, last_seq, changed_at, due_at)
  SELECT DISTINCT NEW.chat_id, f.id, NEW.user_id, 1, 1, clock_timestamp(), clock_timestamp()
  FROM pushes p JOIN followers f ON f.id = 'push/' || lower(p.provider::text)
  WHERE p.chat_id = NEW.chat_id AND p.user_id = NEW.user_id
    AND p.is_shown AND GREATEST(p.sent_seq, p.attempted_seq) <= NEW.read_seq
  ORDER BY 2
  ON CONFLICT (chat_id, follower_id, user_id)
    DO UPDATE SET last_seq = m.last_seq + 1, due_at = LEAST(m.due_at, EXCLUDED.due_at);
  RETURN NULL;
END
$$;
