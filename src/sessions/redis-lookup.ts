import type { RedisConnection } from '../redis/redis-connection.ts'
import type { GatewayId, UserId } from '../ids.ts'
import { gatewayOf } from './redis-leases.ts'
import { sessionsKeys } from './redis-session-keys.ts'

/** The gateways on which any of these people are registered, by those leases that `counts`. Rejects as `send` does. */
export async function lookUp(
  connection: Pick<RedisConnection, 'redis' | 'send'>,
  userIds: readonly UserId[],
  counts: (lease: string) => boolean,
): Promise<ReadonlySet<GatewayId>> {
  if (userIds.length === 0) return new Set()
  const keys = sessionsKeys(userIds, connection.redis.type)
  const answers = await connection.send(keys.map((some) => ['sunion', ...some]))
  const leases = new Set(answers.flatMap(stringsOf).filter(counts))
  return new Set([...leases].map(gatewayOf).filter((id) => id !== undefined))
}

/** The strings of an answer that should be a list of them. */
export function stringsOf(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.filter((item) => typeof item === 'string') : []
}
