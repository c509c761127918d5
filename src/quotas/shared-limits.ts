import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { RateLimits, Spending } from './rate-limits.ts'

/** Shares the spending of users between gateways. */
export type SharedLimits = Readonly<{
  start(): void
  /** Resolves when no work is in progress. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  connection: Pick<RedisConnection, 'send' | 'status'>
  limits: RateLimits
  logger: Logger
}>

const INTERVAL_MS = 250

/*
 * The bucket of token-bucket.ts, by the clock of Redis. It records what was spent already, so it takes all of it, down
 * to a negative balance of one burst. Returns what is left. A bucket expires when it would be full.
 */
const SPEND = `
local spent, burst, rate = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local known = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(known[1] or burst)
tokens = math.min(burst, tokens + math.max(0, now - tonumber(known[2] or now)) * rate) - spent
tokens = math.max(tokens, -burst)
redis.call('HSET', KEYS[1], 'tokens', string.format('%.3f', tokens), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil((burst - tokens) / rate) + 1)
return string.format('%.3f', tokens)`

/*
 * Each gateway decides by its own buckets. So no operation waits for Redis, and limits hold while Redis is down. In the
 * background a gateway adds its spending to a bucket in Redis that all gateways share, and lowers its own bucket to the
 * rest there. A user who uses all gateways at once gets little more than from one: at most a tenth of a burst from
 * each, plus the spending of a quarter of a second. Users at human pace are never shared and cost Redis nothing.
 */
export function createSharedLimits({ connection, limits, logger }: Dependencies): SharedLimits {
  const { start, stop } = createBackgroundLoop({
    component: 'quota sharing',
    run: share,
    intervalMs: INTERVAL_MS,
    startsWithRest: true,
    failureLogLevel: 'debug',
    logger,
  })

  /** Spending that cannot be shared is dropped. The buckets of each gateway still hold. */
  async function share(): Promise<void> {
    const spending = limits.collectSpending()
    if (spending.length === 0 || connection.status() === 'down') return
    const left = await connection.send(spending.map(spendCommand))
    spending.forEach(({ userId, costClass }, index) => limits.lower(userId, costClass, Number(left[index])))
  }

  /** The key keeps its old name, which gateways of earlier versions use. */
  function spendCommand({ userId, costClass, spent }: Spending): readonly [string, ...(string | number)[]] {
    const { burst, perSecond } = limits.quotaOf(costClass)
    return ['eval', SPEND, 1, `parley:allowance:${costClass}:${userId}`, spent, burst, perSecond]
  }

  return { start, stop }
}
