import type { GatewayId, UserId } from '../ids.ts'
import { fnv1a } from '../lib/hash-ring.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'
import { gatewayOf } from './leases.ts'

/**
 * The number of hash tags that users are spread over. In a cluster the keys of one command must be in one slot. So a
 * lookup for any number of users is at most this many commands, and a cluster may grow to as many nodes.
 */
const BUCKETS = 64

/** The maximum of keys in one command on a single server, which is blocked meanwhile: a tenth of a millisecond. */
const MAX_KEYS = 1_024

/** The key of the set of leases under which a user is registered. */
export function sessionsKey(userId: UserId): string {
  return `parley:sessions:{${bucketOf(userId)}}:${userId}`
}

/** The gateways on which any of these users is registered under a live lease. Rejects as `send` does. */
export async function lookUpGateways(
  connection: Pick<RedisConnection, 'redis' | 'send'>,
  userIds: readonly UserId[],
  isLive: (lease: string) => boolean,
): Promise<ReadonlySet<GatewayId>> {
  if (userIds.length === 0) return new Set()
  const groups = keyGroups(userIds, connection.redis.type)
  const answers = await connection.send(groups.map((keys) => ['sunion', ...keys]))
  const leases = new Set(answers.flatMap(stringsOf).filter(isLive))
  return new Set([...leases].map(gatewayOf).filter((id) => id !== undefined))
}

/** The strings of an answer that should be a list of them. */
export function stringsOf(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.filter((item) => typeof item === 'string') : []
}

/** The keys of these users, in groups that one command may name. */
function keyGroups(userIds: readonly UserId[], type: 'standalone' | 'cluster'): readonly string[][] {
  const groups = Map.groupBy(
    new Set(userIds),
    type === 'cluster' ? bucketOf : (_, index) => Math.floor(index / MAX_KEYS),
  )
  return [...groups.values()].map((some) => some.map(sessionsKey))
}

function bucketOf(userId: UserId): number {
  return fnv1a(userId) % BUCKETS
}
