import { newChatId, type ChatId, type Seq, SYSTEM_USER_ID } from '../ids.ts'
import { fingerprintOf } from '../messages/message-input.ts'
import type { Writer } from '../store/sql/writer.ts'
import { createImportStore, type ImportStore, type PlacedMessage } from './import-store.ts'
import type { Line } from './lines.ts'
import { checkLines, firstMessageSeq, type Plan, type PlannedChat, type Problem } from './plan.ts'
import { type ImportRecord, type MessageRecord, parseRecord, type UserRecord } from './records.ts'

/** An import cannot begin, or cannot continue. The message tells the operator what to do. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
}

/** `skipped`: messages that an earlier run has imported. */
export type Imported = Readonly<{ users: number; chats: number; messages: number; skipped: number }>

type Options = Readonly<{
  /** Reads the file from its start, each time it is called. */
  readLines(): AsyncIterable<Line>
  writer: Writer
  /** Whether to check the file, and write nothing. */
  onlyCheck: boolean
  signal: AbortSignal
  /** Called from time to time with what is done. */
  report(line: string): void
  reportIntervalMs: number
}>

const USERS_PER_BATCH = 1_000
const MESSAGES_PER_BATCH = 2_000
const CHATS_PER_UPDATE = 500

/*
 * 1. Check the whole file. Any problem ends the import before it writes anything.
 * 2. Write users, chats and messages in the order of the file. Each step adds only what is missing.
 * 3. Mark all messages as read.
 *
 * The check gives each message its seq, which follows from the file alone. A run that continues an interrupted one
 * finds the head of each chat and skips the messages up to there. If the message at the head is not the one of the
 * file, users have written meanwhile, or the file is another one: the import stops rather than mix two histories.
 */
export async function importFile(options: Options): Promise<Imported> {
  const { readLines, writer, onlyCheck, signal } = options
  const progress = createProgress(options)
  const checked = await checkLines(progress.counting(readLines(), 'checked'), new Date())
  if (checked.type === 'rejected') throw new ImportError(describe(checked.problems))
  const { users, chats, messageCount } = checked.plan
  const all = { users: users.size, chats: chats.size, messages: messageCount, skipped: 0 }
  if (onlyCheck) return all
  const store = createImportStore({ writer })
  const { chatIds, skipped } = await write(
    checked.plan,
    progress.counting(readLines(), 'imported'),
    store,
    signal,
  )
  for (const some of chunks([...chatIds.values()], CHATS_PER_UPDATE)) await store.markRead(some)
  return { ...all, messages: messageCount - skipped, skipped }
}

async function write(
  { chats }: Plan,
  lines: AsyncIterable<Line>,
  store: ImportStore,
  signal: AbortSignal,
): Promise<Readonly<{ chatIds: ReadonlyMap<string, ChatId>; skipped: number }>> {
  const system = { type: 'user', id: SYSTEM_USER_ID, name: 'System', avatarUrl: null, data: null } as const
  let users: UserRecord[] = [system]
  let messages: PlacedMessage[] = []
  const chatIds = new Map<string, ChatId>()
  const heads = new Map<string, Seq>()
  let skipped = 0

  async function flushUsers(): Promise<void> {
    const batch = users
    users = []
    if (batch.length > 0) await store.addUsers(batch)
  }

  async function flushMessages(): Promise<void> {
    const batch = messages
    messages = []
    if (batch.length > 0 && (await store.append(batch)) < batch.length) throw hasChanged()
  }

  async function addChat(planned: PlannedChat): Promise<void> {
    const { record, seqs } = planned
    const chatId = await store.addChat(newChatId(), record)
    const { headSeq, lastKey } = await store.find(chatId)
    const isOwn = headSeq < firstMessageSeq(record) || (lastKey !== null && seqs.get(lastKey) === headSeq)
    if (!isOwn) throw new ImportError(`The chat ${record.id} ${CHANGED}`)
    chatIds.set(record.id, chatId)
    heads.set(record.id, headSeq)
  }

  function addMessage(record: MessageRecord): void {
    const [chatId, seqs] = [chatIds.get(record.chat), chats.get(record.chat)?.seqs]
    const seq = seqs?.get(record.id)
    if (chatId === undefined || seq === undefined) throw hasChanged()
    if (seq <= (heads.get(record.chat) ?? 0)) skipped += 1
    else messages.push(placed(record, chatId, seq, seqs?.get(record.replyTo ?? '') ?? null))
  }

  async function add(record: ImportRecord): Promise<void> {
    if (record.type === 'user') users.push(record)
    else if (record.type === 'message') addMessage(record)
    else {
      await flushUsers()
      const planned = chats.get(record.id)
      if (planned === undefined) throw hasChanged()
      await addChat(planned)
    }
    if (users.length >= USERS_PER_BATCH) await flushUsers()
    if (messages.length >= MESSAGES_PER_BATCH) await flushMessages()
  }

  for await (const { text } of lines) {
    signal.throwIfAborted()
    const record = parseRecord(text)
    if (typeof record === 'string') throw hasChanged()
    await add(record)
  }
  await flushUsers()
  await flushMessages()
  return { chatIds, skipped }
}

function placed(record: MessageRecord, chatId: ChatId, seq: Seq, replyToSeq: Seq | null): PlacedMessage {
  const { sender: senderId, id: clientMessageId, body, sentAt, messageType: type, data } = record
  const content = { body, replyToSeq, type, data }
  const fingerprint = fingerprintOf({ ...content, attachmentIds: [] })
  return { chatId, seq, senderId, clientMessageId, fingerprint, ...content, sentAt }
}

const CHANGED =
  'has messages that are not in the file, or others in their places. Import each chat from one file, before its members use it.'

function hasChanged(): ImportError {
  return new ImportError(`The file has changed during the import, or a chat ${CHANGED}`)
}

function describe(problems: readonly Problem[]): string {
  const lines = problems.map(({ line, text }) => `line ${line}: ${text}`)
  return ['The file has problems, and nothing was imported:', ...lines].join('\n')
}

function* chunks<Item>(items: readonly Item[], size: number): Generator<readonly Item[], void, void> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}

function createProgress({ report, reportIntervalMs }: Pick<Options, 'report' | 'reportIntervalMs'>) {
  return {
    /** Yields the lines, and reports from time to time how many were taken. */
    async *counting(lines: AsyncIterable<Line>, verb: string): AsyncGenerator<Line, void, void> {
      const startedAt = performance.now()
      let [count, reportedAt] = [0, startedAt]
      for await (const line of lines) {
        yield line
        count += 1
        const now = performance.now()
        if (now - reportedAt < reportIntervalMs) continue
        reportedAt = now
        const perSecond = Math.round((1000 * count) / (now - startedAt))
        report(
          `${count.toLocaleString('en-US')} lines ${verb} (${perSecond.toLocaleString('en-US')} a second)`,
        )
      }
    },
  }
}
