import { issueToken } from '../../src/auth/issue-token.ts'
import { Person } from '../../test/harness/people/person.ts'
import { SECRET, withClient } from '../servers/place.ts'

const TEXTS = [
  'Yes.',
  'I will be there at ten, after the train from Basel.',
  'The first draft is done. It has three parts: what we want, what it costs, and when it can start. Please read it before Friday.',
  'Have you seen https://example.com/notes ?',
  '👍',
]

/** The text of the oldest message, which no other has. */
export const OLDEST = 'This is where we began.'

/** One message a minute, of both people in turn, all of them read. Every tenth has a reaction. */
const MESSAGES = `
  WITH said AS (
    INSERT INTO messages (chat_id, seq, sender_id, client_message_id, fingerprint, body, sent_at)
    SELECT $1::uuid, seq, CASE WHEN seq % 3 = 0 THEN 'alice' ELSE 'bob' END, 'key ' || seq,
      decode(md5(seq::text) || md5('x'), 'hex'),
      CASE WHEN seq = 1 THEN $4 ELSE ($3::text[])[1 + seq % cardinality($3::text[])] END,
      now() - ($2::int - seq) * interval '1 minute'
    FROM generate_series(1, $2::int) AS seq RETURNING chat_id, seq, sender_id, sent_at
  ), reacted AS (
    INSERT INTO reactions (chat_id, message_seq, user_id, emoji)
    SELECT chat_id, seq, 'bob', '🎉' FROM said WHERE seq % 10 = 0
  ), head AS (
    UPDATE chats SET head_seq = $2::int, last_activity_at = now() WHERE id = $1::uuid
  ), read AS (
    UPDATE members SET delivered_seq = $2::int, read_seq = $2::int WHERE chat_id = $1::uuid
  )
  INSERT INTO chat_events (chat_id, seq, type, actor_id, at, message_seq)
  SELECT chat_id, seq, 'MESSAGE_SENT', sender_id, sent_at, seq FROM said`

/** Creates a chat of Alice and Bob with this many messages. Returns Alice's token. */
export async function createConversation(
  url: string,
  databaseUrl: string,
  messages: number,
): Promise<string> {
  await using alice = await signIn(url, 'alice')
  await using bob = await signIn(url, 'bob')
  const chatId = await alice.startChat(bob)
  await withClient(databaseUrl, (client) =>
    client.query(MESSAGES, [chatId.replace(/^chat_/, ''), messages, TEXTS, OLDEST]),
  )
  return alice.token
}

async function signIn(url: string, name: string): Promise<Person> {
  const token = await issueToken(SECRET, { subject: name, name })
  const person = new Person({ url, token, name })
  await person.run('{ viewer { id } }')
  return person
}
