import type { LiveItem } from '../events/signal.ts'
import type { ChatId, Seq } from '../ids.ts'

/** Returns whether a live item is new to a stream. */
export type Merge = (item: LiveItem) => boolean

/**
 * Joins the replay and the live part of a stream. Live events were queued while the log was read, so events near the
 * join can be in both. `covered` says up to which seq the replay has delivered each chat: live events up to there are
 * dropped. A chat that is not in `covered` was not replayed, and all of its events pass.
 *
 * Live events of a chat arrive in order of seq, so the first one beyond the covered seq settles the chat for good.
 * Receipts and typing are in no log. They always pass: the newest one holds, however often it is repeated.
 */
const isAlwaysNew: Merge = () => true

export function createMerge(covered: ReadonlyMap<ChatId, Seq>): Merge {
  if (covered.size === 0) return isAlwaysNew
  const unsettled = new Map(covered)
  return (item) => {
    if (!('seq' in item)) return true
    const coveredSeq = unsettled.get(item.chatId) ?? 0
    if (item.seq <= coveredSeq) return false
    unsettled.delete(item.chatId)
    return true
  }
}
