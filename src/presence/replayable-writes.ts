import type { UserId } from '../ids.ts'
import { pause } from '../lib/async.ts'
import { createBatcher } from '../lib/batcher.ts'

/** Writes to the presence store that are kept for a while, because the store may lose them. */
export type ReplayableWrites = Readonly<{
  /** Whether a write failed since the last replay. */
  needsReplay(): boolean
  /** Writes again all that still matters. Never rejects. */
  replay(): Promise<void>
  /** Resolves when every write was attempted. */
  drained(): Promise<void>
}>

type ReplayableWriter<Entry> = ReplayableWrites &
  Readonly<{
    /** The latest entry of a user, if it still matters. */
    get(userId: UserId): Entry | undefined
    /** Replaces the user's entry and writes it. Resolves when the write succeeded or failed; never rejects. */
    put(userId: UserId, entry: Entry): Promise<void>
    /** As `put`, but writes the latest entry within `deferMs`, together with those of other users. */
    putLater(userId: UserId, entry: Entry): void
  }>

type Options<Entry> = Readonly<{
  write(entries: ReadonlyMap<UserId, Entry>): Promise<void>
  /** Whether an entry needs no replay any more. Entries become obsolete in the order in which they were put. */
  isObsolete(entry: Entry): boolean
  /** How long `putLater` may wait, in milliseconds. */
  deferMs?: number
  onFailure(error: unknown): void
  elapsedMs(): number
}>

/** Writes gather for `restMs` milliseconds after each batch, so that several writes for one user become one. */
const BATCHER = { maxBatch: 500, maxWaiting: 100_000, restMs: 20 }
/** A replay submits this many users at a time, which leaves room in the batcher for new writes. */
const REPLAY_CHUNK = 10_000
/**
 * Obsolete entries are removed once in this many milliseconds. Not at each write: a Map finds its oldest entry by
 * walking over the slots of all deleted ones.
 */
const PURGE_INTERVAL_MS = 1_000

/** Writes one entry per user in batches, and keeps it for a replay until it is obsolete. */
export function createReplayableWriter<Entry>(options: Options<Entry>): ReplayableWriter<Entry> {
  const { write, isObsolete, deferMs = 0, onFailure, elapsedMs } = options
  /** The entry that was put longest ago comes first. */
  const entries = new Map<UserId, Entry>()
  let hasFailed = false
  let purgedAt = -Infinity
  const deferred = new Set<UserId>()
  let flushing: Promise<void> | undefined
  let skipWait = new AbortController()
  const batcher = createBatcher<readonly [UserId, Entry], void>({
    ...BATCHER,
    async run(batch) {
      await write(new Map(batch.map(([userId, entry]) => [userId, entries.get(userId) ?? entry])))
      return batch.map(() => undefined)
    },
  })

  function purge(): void {
    purgedAt = elapsedMs()
    for (const [userId, entry] of entries) {
      if (!isObsolete(entry)) return
      entries.delete(userId)
    }
  }

  function remember(userId: UserId, entry: Entry): void {
    // Deleted first, because a Map keeps a key that is set again in its old place.
    entries.delete(userId)
    entries.set(userId, entry)
    if (elapsedMs() - purgedAt >= PURGE_INTERVAL_MS) purge()
  }

  /** One timer for all users who gather until it fires. */
  async function flushLater(): Promise<void> {
    skipWait = new AbortController()
    await pause(deferMs, skipWait.signal)
    flushing = undefined
    const userIds = [...deferred]
    deferred.clear()
    await submitAll(userIds.flatMap((userId) => entryOf(userId)))
  }

  /** Empty if the entry was written meanwhile and is obsolete. */
  function entryOf(userId: UserId): (readonly [UserId, Entry])[] {
    const entry = entries.get(userId)
    return entry === undefined ? [] : [[userId, entry]]
  }

  async function submitAll(pending: (readonly [UserId, Entry])[]): Promise<void> {
    while (pending.length > 0) {
      const chunk = pending.splice(-REPLAY_CHUNK)
      await Promise.all(chunk.map(([userId, entry]) => submit(userId, entry)))
    }
  }

  async function submit(userId: UserId, entry: Entry): Promise<void> {
    try {
      await batcher.submit([userId, entry])
    } catch (error) {
      hasFailed = true
      onFailure(error)
    }
  }

  return {
    get: (userId) => entries.get(userId),
    async put(userId, entry) {
      remember(userId, entry)
      deferred.delete(userId)
      await submit(userId, entry)
    },
    putLater(userId, entry) {
      remember(userId, entry)
      deferred.add(userId)
      flushing ??= flushLater()
    },
    needsReplay: () => hasFailed,
    async replay() {
      purge()
      hasFailed = false
      await submitAll([...entries])
    },
    async drained() {
      skipWait.abort()
      await flushing
      await batcher.drained()
    },
  }
}
