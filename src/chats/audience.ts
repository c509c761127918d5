import type { ChatId, UserId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import { ExpiringCache } from '../lib/expiring-cache.ts'
import type { ChatStore } from './chat-store.ts'

/** Who is in a chat, for finding the gateways that have to hear of it. */
export type Audience = Readonly<{
  /** The present members; at most `AUDIENCE_TTL_MS` out of date, which whoever asks has to bear. */
  memberIds(chatId: ChatId): Promise<readonly UserId[]>
}>

export const AUDIENCE_TTL_MS = 5_000
const MAX_CACHED = 10_000

export function createAudience({ store, clock }: { store: ChatStore; clock: Clock }): Audience {
  const cache = new ExpiringCache<ChatId, readonly UserId[]>({
    maxEntries: MAX_CACHED,
    ttlMs: AUDIENCE_TTL_MS,
    clock,
  })
  return {
    async memberIds(chatId) {
      const known = cache.get(chatId)
      if (known !== undefined) return known
      const memberIds = await store.presentMemberIds(chatId)
      cache.set(chatId, memberIds)
      return memberIds
    },
  }
}
