import { query } from '../../harness/servers/database.ts'
import type { Person } from '../../harness/people/person.ts'

/** An event of a log, as stored in the database. */
export type LogEntry = Readonly<{ seq: number; key: string; body: string | null }>

/** Reads the logs of all chats, each in order. */
export async function readAllLogs(url: string): Promise<ReadonlyMap<string, readonly LogEntry[]>> {
  const rows = await query<LogEntry & { chatId: string }>(
    url,
    `SELECT 'chat_' || e.chat_id AS "chatId", e.seq, COALESCE(m.client_message_id, e.type::text) AS key, m.body
     FROM chat_events e LEFT JOIN messages m ON m.chat_id = e.chat_id AND m.seq = e.message_seq
     ORDER BY e.chat_id, e.seq`,
  )
  const logs = new Map<string, LogEntry[]>()
  for (const { chatId, ...entry } of rows) logs.set(chatId, [...(logs.get(chatId) ?? []), entry])
  return logs
}

type Page = Readonly<{
  chat: {
    messages: {
      edges: readonly { cursor: string; node: { seq: number; body: string } }[]
      pageInfo: { hasNextPage: boolean }
    }
  }
}>

const PAGE = `
  query ($id: ID!, $after: String) {
    chat(id: $id) { messages(first: 100, after: $after) { edges { cursor node { seq body } } pageInfo { hasNextPage } } }
  }`

/** Reads all messages of a chat page by page, as an app does. */
export async function readHistory(person: Person, id: string): Promise<readonly Omit<LogEntry, 'key'>[]> {
  const found: Omit<LogEntry, 'key'>[] = []
  let after: string | undefined
  for (;;) {
    const { edges, pageInfo } = (await person.run<Page>(PAGE, { id, after })).chat.messages
    found.push(...edges.map(({ node: { seq, body } }) => ({ seq, body })))
    after = edges.at(-1)?.cursor
    if (!pageInfo.hasNextPage) return found
  }
}
