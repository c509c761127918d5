import type { Seq, UserId } from '../ids.ts'
import { type Line, MAX_LINE_LENGTH } from './lines.ts'
import { type ChatRecord, type ImportRecord, type MessageRecord, parseRecord } from './records.ts'

/** A problem in the file. The text continues a sentence about the line. */
export type Problem = Readonly<{ line: number; text: string }>

/** A chat of the file, and the seqs of its messages by their ids. */
export type PlannedChat = Readonly<{ record: ChatRecord; seqs: ReadonlyMap<string, Seq> }>

/** The contents of a file without problems. */
export type Plan = Readonly<{
  users: ReadonlySet<UserId>
  chats: ReadonlyMap<string, PlannedChat>
  messageCount: number
}>

export type Checked = Readonly<
  { type: 'planned'; plan: Plan } | { type: 'rejected'; problems: readonly Problem[] }
>

/** The check stops after this many problems. */
const MAX_PROBLEMS = 50

type GrowingChat = { record: ChatRecord; seqs: Map<string, Seq>; members: ReadonlySet<UserId>; lastAt: Date }

/**
 * Checks a whole file before anything is written, and gives each message its seq: the one after the message before it
 * in the file. So the same file always leads to the same logs, and an import that was interrupted can continue. Takes
 * about 150 bytes of memory for each message.
 */
export async function checkLines(lines: AsyncIterable<Line>, now: Date): Promise<Checked> {
  const users = new Set<UserId>()
  const chats = new Map<string, GrowingChat>()
  const pairs = new Set<string>()
  const problems: Problem[] = []
  let messageCount = 0

  function problemOfChat(record: ChatRecord): string | undefined {
    const { id, kind, title, members, createdAt } = record
    if (chats.has(id)) return `there is a chat ${id} before`
    if (createdAt > now) return 'createdAt is in the future'
    const ids = members.map((member) => member.id)
    if (new Set(ids).size !== ids.length) return 'names a member twice'
    const unknown = ids.find((member) => !users.has(member))
    if (unknown !== undefined) return `there is no user ${unknown} before`
    if (kind === 'GROUP') return problemOfGroup(record)
    if (title !== null) return 'a direct chat has no title'
    if (ids.length !== 2) return 'a direct chat has two members'
    const pair = JSON.stringify(ids.toSorted())
    if (pairs.has(pair)) return 'these two users have a direct chat before'
    pairs.add(pair)
    return undefined
  }

  function problemOfMessage({
    chat: chatId,
    id,
    sender,
    sentAt,
    replyTo,
  }: MessageRecord): string | undefined {
    const chat = chats.get(chatId)
    if (chat === undefined) return `there is no chat ${chatId} before`
    if (!chat.members.has(sender)) return `${sender} is not a member of ${chatId}`
    if (chat.seqs.has(id)) return `there is a message ${id} in this chat before`
    if (sentAt > now) return 'sentAt is in the future'
    if (sentAt < chat.lastAt) return 'is older than the line before it in this chat; sort messages by time'
    if (replyTo !== null && !chat.seqs.has(replyTo)) return `there is no message ${replyTo} before`
    return undefined
  }

  function add(record: ImportRecord): string | undefined {
    switch (record.type) {
      case 'user':
        if (users.has(record.id)) return `there is a user ${record.id} before`
        users.add(record.id)
        return undefined
      case 'chat': {
        const problem = problemOfChat(record)
        const members = new Set(record.members.map(({ id }) => id))
        if (problem === undefined)
          chats.set(record.id, { record, seqs: new Map(), members, lastAt: record.createdAt })
        return problem
      }
      case 'message': {
        const problem = problemOfMessage(record)
        const chat = chats.get(record.chat)
        if (problem !== undefined || chat === undefined) return problem
        chat.seqs.set(record.id, firstMessageSeq(chat.record) + chat.seqs.size)
        chat.lastAt = record.sentAt
        messageCount += 1
        return undefined
      }
      default:
        return record satisfies never
    }
  }

  for await (const { number: line, ...content } of lines) {
    const record = problemOfLine(content) ?? parseRecord(content.text)
    const problem = typeof record === 'string' ? record : add(record)
    if (problem !== undefined) problems.push({ line, text: problem })
    if (problems.length >= MAX_PROBLEMS) break
  }
  return problems.length > 0
    ? { type: 'rejected', problems }
    : { type: 'planned', plan: { users, chats, messageCount } }
}

function problemOfLine({ text, isUtf8 }: Omit<Line, 'number'>): string | undefined {
  if (!isUtf8) return 'is not UTF-8; convert the file to UTF-8'
  return text.length > MAX_LINE_LENGTH ? 'is too long' : undefined
}

function problemOfGroup({ title, members }: ChatRecord): string | undefined {
  if (title === null) return 'a group needs a title'
  return members.some(({ role }) => role === 'OWNER') ? undefined : 'a group needs an owner'
}

/** The log of a group begins with the event of its creation. */
export function firstMessageSeq({ kind }: ChatRecord): Seq {
  return kind === 'GROUP' ? 2 : 1
}
