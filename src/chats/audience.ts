import { LRUCache } from 'lru-cache'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import type { AudienceStore, MemberSnapshot } from './audience-store.ts'
import { type ChatEvent, changesMembers } from '../events/chat-event.ts'

/** The present members of chats, for finding the gateways that an event goes to. */
export type Audience = Readonly<{
  /**
   * Returns the present members as of `membersSeq`, the chat's newest membership change, or later. If the caller does
   * not know `membersSeq`, the result may be up to `AUDIENCE_TTL_MS` old.
   */
  memberIds(chatId: ChatId, membersSeq?: Seq): Promise<readonly UserId[]>
  /** Takes published events. A membership change among them makes the remembered members of its chat stale. */
  observe(events: readonly ChatEvent[]): void
}>

export const AUDIENCE_TTL_MS = 5_000
/** The most members of all chats together, about 100 bytes each. A chat itself counts as one. */
const MAX_REMEMBERED = 200_000

/** A look-up, which may still be in progress. */
type LookUp = {
  readonly snapshot: Promise<MemberSnapshot | undefined>
  /** The result includes all membership changes up to here. */
  membersSeq: Seq
  /** When the result was last known to be current, by the clock. */
  confirmedAt: number
}

/**
 * Looks a chat's members up once per membership change, not once per message. The statement that stores a message
 * returns the seq of the chat's newest membership change. While that is the same, the remembered members are current.
 * Receipts and changes of messages do not know that seq, so their look-ups may be slightly stale.
 */
export function createAudience({ store, clock }: { store: AudienceStore; clock: Clock }): Audience {
  const lookUps = new LRUCache<ChatId, LookUp>({ maxSize: MAX_REMEMBERED, sizeCalculation: () => 1 })

  function recall(chatId: ChatId, membersSeq: Seq | undefined): LookUp | undefined {
    const lookUp = lookUps.get(chatId)
    if (lookUp === undefined) return undefined
    const now = clock.now()
    if (membersSeq === undefined) return isFresh(lookUp, now) ? lookUp : undefined
    if (lookUp.membersSeq < membersSeq) return undefined
    if (lookUp.membersSeq === membersSeq) lookUp.confirmedAt = now
    return lookUp
  }

  function startLookUp(chatId: ChatId, membersSeq: Seq): LookUp {
    const lookUp: LookUp = { snapshot: store.memberSnapshot(chatId), membersSeq, confirmedAt: clock.now() }
    lookUps.set(chatId, lookUp)
    return lookUp
  }

  /** Sets the size of a finished look-up, and forgets a failed one, unless a newer look-up has replaced it. */
  async function settle(chatId: ChatId, lookUp: LookUp): Promise<readonly UserId[]> {
    try {
      const { membersSeq, userIds } = (await lookUp.snapshot) ?? { membersSeq: 0, userIds: [] }
      lookUp.membersSeq = Math.max(lookUp.membersSeq, membersSeq)
      if (lookUps.peek(chatId) === lookUp) {
        // The cache ignores a new size for a value that it already holds.
        lookUps.delete(chatId)
        lookUps.set(chatId, lookUp, { size: 1 + userIds.length })
      }
      return userIds
    } catch (error) {
      if (lookUps.peek(chatId) === lookUp) lookUps.delete(chatId)
      throw error
    }
  }

  return {
    async memberIds(chatId, membersSeq) {
      const lookUp = recall(chatId, membersSeq)
      if (lookUp !== undefined) return (await lookUp.snapshot)?.userIds ?? []
      return settle(chatId, startLookUp(chatId, membersSeq ?? 0))
    },

    observe(events) {
      for (const event of events) {
        const { chatId, seq } = event
        if (changesMembers(event) && (lookUps.peek(chatId)?.membersSeq ?? seq) < seq) lookUps.delete(chatId)
      }
    },
  }
}

/** If the clock jumps back, nothing is fresh. Otherwise entries would stay fresh for the length of the jump. */
function isFresh({ confirmedAt }: LookUp, now: number): boolean {
  return now >= confirmedAt && now - confirmedAt < AUDIENCE_TTL_MS
}
