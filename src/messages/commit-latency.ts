import { removeFrom } from '../lib/arrays.ts'
import type { AppendStore } from './append-store.ts'

export type MeasuredAppendStore = AppendStore &
  Readonly<{
    /**
     * Returns the commit latency in milliseconds: the median of the batches since the last call, or the age of the
     * oldest batch in progress, if that is greater. 0 if there were none.
     */
    commitMs(): number
  }>

/** The most batches that are recorded between two calls of `commitMs`. Later ones are not recorded. */
const MAX_TIMES = 1_000

/**
 * Adds a measurement of commit latency to a store. It includes the batch in progress, because a database that hangs
 * finishes no batch.
 */
export function measureCommits(store: AppendStore, now: () => number): MeasuredAppendStore {
  /** When each batch in progress began, the oldest first. An array, see docs/internals/garbage-collection.md. */
  const inProgress: number[] = []
  let times: number[] = []

  async function timed<Result>(write: () => Promise<Result>): Promise<Result> {
    const from = now()
    inProgress.push(from)
    try {
      return await write()
    } finally {
      removeFrom(inProgress, from)
      if (times.length < MAX_TIMES) times.push(now() - from)
    }
  }

  return {
    append: (newMessages) => timed(() => store.append(newMessages)),
    appendLocked: (newMessages) => timed(() => store.appendLocked(newMessages)),
    appendWithAttachments: (newMessage) => timed(() => store.appendWithAttachments(newMessage)),
    commitMs() {
      const [oldest] = inProgress
      const age = oldest === undefined ? 0 : now() - oldest
      const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
      times = []
      return Math.max(age, median)
    },
  }
}
