import type { UserId } from '../ids.ts'
import { fnv1a } from '../lib/hash-ring.ts'

/**
 * So many hash tags that people are spread over. In a cluster a command may concern keys of one slot only; with these,
 * a look-up for any number of people is at most this many commands, and a cluster may grow to as many nodes.
 */
const BUCKETS = 64

/** The most keys of one command on a single server, which does nothing else meanwhile: a tenth of a millisecond. */
const MAX_KEYS = 1_024

/** The set of leases under which a person is registered. */
export function sessionsKey(userId: UserId): string {
  return `parley:sessions:{${bucketOf(userId)}}:${userId}`
}

/** The keys of these people, as many together as one command may concern. */
export function sessionsKeys(userIds: readonly UserId[], on: 'standalone' | 'cluster'): readonly string[][] {
  const different = [...new Set(userIds)]
  const groups = Map.groupBy(
    different,
    on === 'cluster' ? bucketOf : (_, index) => Math.floor(index / MAX_KEYS),
  )
  return [...groups.values()].map((some) => some.map(sessionsKey))
}

function bucketOf(userId: UserId): number {
  return fnv1a(userId) % BUCKETS
}
