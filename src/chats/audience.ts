import { LRUCache } from 'lru-cache'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import type { AudienceStore, MemberSnapshot } from './audience-store.ts'
import { type ChatEvent, changesMembers } from '../events/chat-event.ts'

/** Who is in a chat, for finding the gateways that have to hear of it. */
export type Audience = Readonly<{
  /**
   * The present members as of `membersSeq`, the chat's newest change of members that the caller knows of, or later.
   * Where the caller knows of none, at most `AUDIENCE_TTL_MS` out of date, which it has to bear.
   */
  memberIds(chatId: ChatId, membersSeq?: Seq): Promise<readonly UserId[]>
  /** Events that come by: what they say of who is in a chat is news to whoever asks without knowing it. */
  observe(events: readonly ChatEvent[]): void
}>

export const AUDIENCE_TTL_MS = 5_000
/** So many members of all chats together are remembered, of some 100 bytes each. A chat weighs one besides. */
const MAX_REMEMBERED = 200_000

/** A look-up, which may be under way yet. */
type Known = {
  readonly membership: Promise<MemberSnapshot | undefined>
  /** It knows of all changes of members up to there. */
  membersSeq: Seq
  /** When it was certainly as new as anything, by the clock. */
  confirmedAt: number
}

/**
 * A chat's members are looked up once for each change of them, not once for each message: whoever stores a message is
 * told by the same statement which change was the newest, and what is remembered is as good as new as long as that is
 * the same. Receipts, and changes of messages, don't come with that number; for them an answer may be a little old.
 */
export function createAudience({ store, clock }: { store: AudienceStore; clock: Clock }): Audience {
  const known = new LRUCache<ChatId, Known>({ maxSize: MAX_REMEMBERED, sizeCalculation: () => 1 })

  function recall(chatId: ChatId, membersSeq: Seq | undefined): Known | undefined {
    const entry = known.get(chatId)
    if (entry === undefined) return undefined
    const now = clock.now()
    if (membersSeq === undefined) return isFresh(entry, now) ? entry : undefined
    if (entry.membersSeq < membersSeq) return undefined
    if (entry.membersSeq === membersSeq) entry.confirmedAt = now
    return entry
  }

  function lookUp(chatId: ChatId, membersSeq: Seq): Known {
    const entry: Known = { membership: store.memberSnapshot(chatId), membersSeq, confirmedAt: clock.now() }
    known.set(chatId, entry)
    return entry
  }

  /** Weighs what came of a look-up, unless another one has taken its place; one that failed is as if it never was. */
  async function settle(chatId: ChatId, entry: Known): Promise<readonly UserId[]> {
    try {
      const { membersSeq, userIds } = (await entry.membership) ?? { membersSeq: 0, userIds: [] }
      entry.membersSeq = Math.max(entry.membersSeq, membersSeq)
      if (known.peek(chatId) === entry) {
        // The cache ignores a new size for a value that it already holds.
        known.delete(chatId)
        known.set(chatId, entry, { size: 1 + userIds.length })
      }
      return userIds
    } catch (error) {
      if (known.peek(chatId) === entry) known.delete(chatId)
      throw error
    }
  }

  return {
    async memberIds(chatId, membersSeq) {
      const entry = recall(chatId, membersSeq)
      if (entry !== undefined) return (await entry.membership)?.userIds ?? []
      return settle(chatId, lookUp(chatId, membersSeq ?? 0))
    },

    observe(events) {
      for (const event of events) {
        const { chatId, seq } = event
        if (changesMembers(event) && (known.peek(chatId)?.membersSeq ?? seq) < seq) known.delete(chatId)
      }
    },
  }
}

/** When the clock jumps back nothing is fresh, or it would be so for the length of the jump. */
function isFresh({ confirmedAt }: Known, now: number): boolean {
  return now >= confirmedAt && now - confirmedAt < AUDIENCE_TTL_MS
}
