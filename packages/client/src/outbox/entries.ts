import type { Attachment, ClientStorage } from '../api.ts'
import { isEqual } from '../lib/equal.ts'

/** A message that waits to be sent, as it is in storage: plain JSON. */
export type OutboxEntry = Readonly<{
  /** Storage key. Keys sort in the order of `send`. */
  key: string
  chatId: string
  clientMessageId: string
  body?: string | null | undefined
  replyToId?: string | undefined
  createdAt: number
  /** Files that the app has uploaded itself. */
  attachmentIds?: readonly string[] | undefined
  /** Files to upload before the message is sent. */
  files?: readonly OutboxFile[] | undefined
  /** Set once the server has rejected the message for good. */
  error?: Readonly<{ code: string; message: string }> | undefined
}>

/** A file of a message. `key` is the storage key of its bytes, because entries are read often. */
export type OutboxFile = Readonly<{ key: string; attachment: Attachment }>

/** An entry that is not in storage yet. It is written once its files are. */
export type NewEntry = Omit<OutboxEntry, 'key' | 'files'> &
  Readonly<{ files?: Promise<readonly OutboxFile[]> | undefined }>

/** The entries of the outbox, in the order of `send`. Every change is in storage before it resolves. */
export type Entries = Readonly<{
  all(): readonly OutboxEntry[]
  find(clientMessageId: string): OutboxEntry | undefined
  /** Adds an entry after all others that are in storage by now. */
  add(entry: NewEntry): Promise<void>
  replace(entry: OutboxEntry): Promise<void>
  /** Hides the entry at once, whatever the storage does. It leaves storage before this resolves. */
  remove(entry: OutboxEntry): Promise<void>
  /** Reads the entries from storage, as they are after another tab has changed them. */
  load(): Promise<void>
}>

type Dependencies = Readonly<{
  storage: ClientStorage
  /** Prefix of the keys; ends with a slash. */
  prefix: string
  /** The entries of a chat changed. */
  onChanged(chatId: string): void
}>

export function createEntries({ storage, prefix, onChanged }: Dependencies): Entries {
  let entries: readonly OutboxEntry[] = []
  /** Keys of entries that are about to leave storage, or could not. */
  const removed = new Set<string>()
  let newestKey = 0
  /** Storage is read and written by one at a time, so that entries appear in the order of `send`. */
  let busy: Promise<unknown> = Promise.resolve()

  function exclusively(work: () => Promise<void>): Promise<void> {
    const done = busy.then(work)
    busy = done.catch(() => undefined)
    return done
  }

  async function read(): Promise<void> {
    const before = new Map(entries.map((entry) => [entry.key, entry]))
    const keys = (await storage.keys(prefix)).filter((key) => !removed.has(key))
    const found = await Promise.all(keys.map((key) => storage.get<OutboxEntry>(key)))
    entries = found.filter((entry) => entry !== undefined && !removed.has(entry.key)) as OutboxEntry[]
    const isSame =
      before.size === entries.length && entries.every((entry) => isEqual(before.get(entry.key), entry))
    if (!isSame) for (const { chatId } of [...before.values(), ...entries]) onChanged(chatId)
  }

  /** Rises with every call, also if the clock stands still, or is behind that of an earlier entry. */
  function nextKey(): string {
    const newest = Number.parseInt(entries.at(-1)?.key.slice(prefix.length) ?? '0', 10)
    newestKey = Math.max(newestKey, newest, Date.now() * 1_000 - 1) + 1
    return String(newestKey).padStart(17, '0')
  }

  async function write(entry: OutboxEntry): Promise<void> {
    await storage.write(new Map([[entry.key, entry]]))
    const others = entries.filter(({ key }) => key !== entry.key)
    entries = [...others, entry].sort((a, b) => (a.key < b.key ? -1 : 1))
    onChanged(entry.chatId)
  }

  return {
    all: () => entries,
    find: (clientMessageId) => entries.find((entry) => entry.clientMessageId === clientMessageId),
    add: (entry) =>
      exclusively(() => {
        const append = async (): Promise<void> => {
          // A message of another tab that was stored before this one stays before it.
          if (storage.joinTabs !== undefined) await read()
          const files = await entry.files
          await write({ ...entry, files, key: `${prefix}${nextKey()}-${entry.clientMessageId}` })
        }
        // Between reading the newest key and writing the next one, no other tab may write: it might be sent already.
        return storage.exclusively?.(append) ?? append()
      }),
    replace: (entry) => exclusively(() => write(entry)),
    async remove({ key, chatId }) {
      removed.add(key)
      entries = entries.filter((entry) => entry.key !== key)
      onChanged(chatId)
      await exclusively(() => storage.write(new Map([[key, undefined]])))
      removed.delete(key)
    },
    load: () => exclusively(read),
  }
}
