import type { GatewayId } from '../ids.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'
import { gatewaysIn, type LeaseList, type LiveGateway, RETURNED } from './leases.ts'

/*
 * All leases are in one sorted set by the moment when they run out, and next to it a hash with the note of each. Both
 * keys are in one slot of a cluster, so that a script changes them as one. Time is Redis' own: the gateways' clocks are
 * never compared.
 */
const LEASES = 'parley:{gateways}'
const NOTES = 'parley:{gateways}:notes'

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

const ANSWER = `
local answer = { lease, string.format('%.0f', now) }
for _, live in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')) do
  table.insert(answer, live)
  table.insert(answer, redis.call('HGET', KEYS[2], live) or '0')
end
return answer`

/** Changes nothing. Returns what the next script returns, without a lease. */
const LIST = `
${NOW}
local lease = ''
${ANSWER}`

/**
 * Takes the gateway's id, its lease or '', the duration of a lease, and the note. First removes what has run out, so
 * that a lease is never renewed after another gateway has seen its end. Returns the lease, the time, and then each
 * live lease followed by its note.
 */
const ACQUIRE_OR_RENEW = `
${NOW}
for _, ended in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))) do
  redis.call('ZREM', KEYS[1], ended)
  redis.call('HDEL', KEYS[2], ended)
end
local lease = ARGV[2]
if lease == '' or not redis.call('ZSCORE', KEYS[1], lease) then
  lease = ARGV[1] .. '/' .. string.format('%d%06d', time[1], time[2])
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[3]), lease)
redis.call('HSET', KEYS[2], lease, ARGV[4])
${ANSWER}`

/** Takes a lease and a note. The lease stays until it runs out, so that other gateways see that it was returned. */
const RETURN = `
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) end`

/** A gateway that does not renew for this long counts as dead. */
export const LEASE_MS = 5_000

type Send = Pick<RedisConnection, 'send'>

/** Renews the gateway's lease, or acquires a new one if it has none any more. Rejects as `send` does. */
export async function renewLease(
  connection: Send,
  { gatewayId, lease, sessions }: LiveGateway & Readonly<{ lease: string | undefined }>,
): Promise<Readonly<{ lease: string; list: LeaseList }>> {
  return run(connection, ACQUIRE_OR_RENEW, [gatewayId, lease ?? '', LEASE_MS, sessions])
}

/** Returns the lease, which must not be renewed afterwards: other gateways do not count this one as dead. */
export async function returnLease(connection: Send, lease: string): Promise<void> {
  await connection.send([['eval', RETURN, 2, LEASES, NOTES, lease, RETURNED]])
}

/** Every live gateway once. Changes nothing. */
export async function liveGateways(connection: Send): Promise<readonly LiveGateway[]> {
  return gatewaysIn((await run(connection, LIST, [])).list)
}

/** The ids of all live gateways except one. */
export async function gatewaysExcept(connection: Send, gatewayId: GatewayId): Promise<readonly GatewayId[]> {
  return (await liveGateways(connection)).map((gateway) => gateway.gatewayId).filter((id) => id !== gatewayId)
}

async function run(
  connection: Send,
  script: string,
  args: readonly (string | number)[],
): Promise<Readonly<{ lease: string; list: LeaseList }>> {
  const [answer] = await connection.send([['eval', script, 2, LEASES, NOTES, ...args]])
  const [lease = '', asOfMs = '', ...rest] = Array.isArray(answer) ? answer.map(String) : []
  if (asOfMs === '') throw new Error('Redis returned no list of gateways')
  const notes = new Map<string, string>()
  for (let index = 0; index + 1 < rest.length; index += 2) notes.set(rest[index] ?? '', rest[index + 1] ?? '')
  return { lease, list: { asOfMs: Number(asOfMs), notes } }
}
