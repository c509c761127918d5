import type { ClientStorage } from '../api.ts'
import { randomId } from '../lib/random-id.ts'
import type { OutboxEntry } from '../outbox/entries.ts'

/** How far the upload of a file has come. It is in storage, so that another start goes on from there. */
export type UploadState = Readonly<{
  attachmentId: string
  url: string
  expiresAt: string
  isDone: boolean
}>

/** The bytes of files that wait in the outbox, and how far their uploads have come. */
export type StoredFiles = Readonly<{
  /** Stores the bytes of a file under a new key. */
  add(bytes: Blob): Promise<string>
  bytes(key: string): Promise<Blob | undefined>
  state(key: string): Promise<UploadState | undefined>
  setState(key: string, state: UploadState | undefined): Promise<void>
  remove(keys: readonly string[]): Promise<void>
  /** Removes files that belong to no message: something has ended between the two. */
  sweep(outboxPrefix: string): Promise<void>
}>

/** A file is stored before its message. Until then it belongs to none, in milliseconds. */
const MIN_AGE_MS = 600_000

export function createStoredFiles(storage: ClientStorage, prefix: string): StoredFiles {
  async function remove(keys: readonly string[]): Promise<void> {
    const changes = keys.flatMap((key) => [key, stateKey(key)])
    if (changes.length > 0) await storage.write(new Map(changes.map((key) => [key, undefined])))
  }

  return {
    async add(bytes) {
      const key = `${prefix}${Date.now()}-${randomId()}`
      // A Blob without a name: some storages cannot copy a File.
      await storage.write(new Map([[key, bytes.slice(0, bytes.size, bytes.type)]]))
      return key
    },
    bytes: (key) => storage.get<Blob>(key),
    state: (key) => storage.get<UploadState>(stateKey(key)),
    setState: (key, state) => storage.write(new Map([[stateKey(key), state]])),
    remove,
    async sweep(outboxPrefix) {
      const stored = (await storage.keys(prefix)).filter((key) => !key.endsWith(STATE))
      const old = stored.filter(
        (key) => Number.parseInt(key.slice(prefix.length), 10) < Date.now() - MIN_AGE_MS,
      )
      if (old.length === 0) return
      const keys = await storage.keys(outboxPrefix)
      const entries = await Promise.all(keys.map((key) => storage.get<OutboxEntry>(key)))
      const used = new Set(entries.flatMap((entry) => entry?.files?.map(({ key }) => key) ?? []))
      await remove(old.filter((key) => !used.has(key)))
    },
  }
}

const STATE = '/upload'

function stateKey(key: string): string {
  return key + STATE
}
