import type { RedisConnection } from '../redis/redis-connection.ts'
import { pause } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { RateLimits, Spending } from './rate-limits.ts'

/** Lets gateways know of each other's spending. */
export type SharedLimits = Readonly<{
  start(): void
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  connection: Pick<RedisConnection, 'send' | 'status'>
  limits: RateLimits
  logger: Logger
}>

const TELL_EVERY_MS = 250

/*
 * The same bucket as in token-bucket.ts, by Redis' own clock. What was spent has been spent, so it takes what it is
 * told even where that leaves a debt, of one burst at most; and answers what is left. A bucket is forgotten when it
 * would be full.
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
 * Every gateway decides alone, by its own buckets: no operation waits for Redis, and limits hold while it is away.
 * In the background, each tells a bucket that all share what was spent with it, and lowers its own to what is left
 * there. So somebody who uses all gateways at once gets at most a tenth of a burst from each, and what they can spend
 * in a quarter of a second, on top of what one gateway would have given them. People who keep to the pace of people
 * are never told of: they cost Redis nothing.
 */
export function createSharedLimits({ connection, limits, logger }: Dependencies): SharedLimits {
  const ended = new AbortController()
  let running: Promise<void> = Promise.resolve()

  async function tell(spending: readonly Spending[]): Promise<void> {
    const left = await connection.send(spending.map(commandFor))
    spending.forEach(({ userId, costClass }, index) => limits.lower(userId, costClass, Number(left[index])))
  }

  function commandFor({ userId, costClass, spent }: Spending): readonly [string, ...(string | number)[]] {
    const { burst, perSecond } = limits.quotaOf(costClass)
    return ['eval', SPEND, 1, `parley:allowance:${costClass}:${userId}`, spent, burst, perSecond]
  }

  /** While Redis is away what was spent is forgotten: every gateway's own buckets hold all the same. */
  async function share(): Promise<void> {
    const spending = limits.collectSpending()
    if (spending.length === 0 || connection.status() === 'down') return
    try {
      await tell(spending)
    } catch (error) {
      logger.debug({ err: error, people: spending.length }, 'spending could not be shared')
    }
  }

  async function run(): Promise<void> {
    while (!ended.signal.aborted) {
      await pause(TELL_EVERY_MS, ended.signal)
      await share()
    }
  }

  return {
    start() {
      running = run()
    },
    async stop() {
      ended.abort()
      await running
    },
  }
}
