import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { query } from '../../harness/servers/database.ts'
import { temporaryFolder } from '../cli/program.ts'

export const at = (second: number): string => new Date(Date.UTC(2025, 0, 1, 0, 0, second)).toISOString()

/** Returns a direct chat and a group of three, with `count` messages each. */
export function history(count: number): object[] {
  const users = ['ann', 'ben', 'cleo'].map((id) => ({ type: 'user', id, name: id.toUpperCase() }))
  const pair = {
    type: 'chat',
    id: 'pair',
    kind: 'DIRECT',
    createdAt: at(0),
    members: [{ id: 'ann' }, { id: 'ben' }],
  }
  const members = [{ id: 'ann', role: 'OWNER' }, { id: 'ben' }, { id: 'cleo' }]
  const team = { type: 'chat', id: 'team', kind: 'GROUP', title: 'Team', createdAt: at(0), members }
  const messages = Array.from({ length: count }, (_, index) =>
    ['pair', 'team'].map((chat) => ({
      type: 'message',
      id: `m${index}`,
      chat,
      sender: index % 2 === 0 ? 'ann' : 'ben',
      body: `Message ${index}`,
      sentAt: at(index),
      replyTo: index === 0 ? null : 'm0',
    })),
  ).flat()
  return [...users, pair, team, ...messages]
}

/** Writes a file. Disposing deletes it. */
export async function fileWith(records: readonly object[]) {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'history.jsonl')
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return { path, folder: folder.path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

const digestOfRows = (rows: string): string =>
  `SELECT md5(string_agg(row::text, ',' ORDER BY row::text)) AS digest FROM (${rows}) row`
const LOGS = `
  SELECT c.kind, c.title, c.head_seq, c.last_activity_at, m.seq, m.sender_id, m.client_message_id, m.body, m.sent_at,
    m.reply_to_seq, m.fingerprint, e.type, e.actor_id, e.at
  FROM chats c JOIN chat_events e ON e.chat_id = c.id LEFT JOIN messages m ON m.chat_id = c.id AND m.seq = e.seq`
const MEMBERS = `
  SELECT c.kind, m.user_id, m.role, m.joined_at, m.delivered_seq, m.read_seq
  FROM members m JOIN chats c ON c.id = m.chat_id`
const USERS = 'SELECT id, name, avatar_url, data FROM users'

/** Returns digests of all chats with their events and messages, of all members, and of all users. */
export const digestOf = async (url: string): Promise<object> => ({
  logs: await query(url, digestOfRows(LOGS)),
  members: await query(url, digestOfRows(MEMBERS)),
  users: await query(url, digestOfRows(USERS)),
})
