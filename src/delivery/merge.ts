import type { LiveItem } from '../events/signal.ts'
import type { ChatId, Seq } from '../ids.ts'

/** Decides whether a live item is still news to a stream. */
export type Merge = (item: LiveItem) => boolean

/**
 * The seam between replay and live. While the log was being read, live events were already queueing, so what lies
 * around the seam comes twice, and is let through once: `covered` says how far the replay goes in each chat, and
 * live events up to there are dropped. A chat that is not named is not covered at all. Within a chat live events come
 * in order of seq, so the first one beyond its cover settles the chat for good. Signals that are in no log always
 * pass: the newest of them is the truth, however often it is told.
 */
export function createMerge(covered: ReadonlyMap<ChatId, Seq>): Merge {
  const unsettled = new Map(covered)
  return (item) => {
    if (!('seq' in item)) return true
    const coveredSeq = unsettled.get(item.chatId) ?? 0
    if (item.seq <= coveredSeq) return false
    unsettled.delete(item.chatId)
    return true
  }
}
