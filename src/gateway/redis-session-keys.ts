import type { UserId } from '../ids.ts'

/**
 * So many hash tags that people are spread over. A command may concern keys of one slot of a cluster only; with these,
 * a look-up for any number of people is at most this many commands, and a cluster may grow to as many nodes.
 */
const BUCKETS = 64

/** The set of leases under which a person is registered. */
export function sessionsKey(userId: UserId): string {
  return `parley:sessions:{${bucketOf(userId)}}:${userId}`
}

/** The keys of these people, those of one slot together. */
export function keysBySlot(userIds: readonly UserId[]): readonly (readonly string[])[] {
  return [...Map.groupBy(new Set(userIds), bucketOf).values()].map((some) => some.map(sessionsKey))
}

/** FNV-1a over UTF-16 units. */
function bucketOf(userId: UserId): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < userId.length; index++) {
    hash = Math.imul(hash ^ userId.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0) % BUCKETS
}
