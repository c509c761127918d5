import type { Redis } from 'ioredis'
import { withTimeout } from '../lib/async.ts'
import { type BackgroundLoop, createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import { REDIS_DEADLINE_MS, type RedisClient, serversOf } from './redis-client.ts'

const INTERVAL_MS = 1_000

/** After so many rounds in which no node of a cluster answered, the client connects anew by the configured URLs. */
const MAX_SILENT_ROUNDS = 5

type Dependencies = Readonly<{
  redis: RedisClient
  /** Called for each server that does not answer. */
  onSilence(error: unknown): void
  logger: Logger
}>

/**
 * Pings every server once a second. Cuts a connection that is open but answers nothing for two seconds, so that the
 * client makes a new one. TCP alone would notice after many minutes.
 */
export function createRedisHeartbeat({ redis, onSilence, logger }: Dependencies): BackgroundLoop {
  let silentRounds = 0

  return createBackgroundLoop({
    component: 'redis heartbeat',
    async run() {
      const answers = await Promise.all(serversOf(redis).map((server) => isAlive(server, onSilence)))
      silentRounds = answers.includes(true) ? 0 : silentRounds + 1
      if (redis.type === 'standalone' || silentRounds < MAX_SILENT_ROUNDS) return
      silentRounds = 0
      if (redis.client.status === 'ready') redis.client.disconnect(true)
    },
    intervalMs: INTERVAL_MS,
    startsWithRest: true,
    logger,
  })
}

async function isAlive(server: Redis, onSilence: (error: unknown) => void): Promise<boolean> {
  // A node that was sent nothing yet ('wait') connects when it is pinged. Other nodes are being connected already.
  if (server.status !== 'ready' && server.status !== 'wait') return false
  try {
    await withTimeout(REDIS_DEADLINE_MS, server.ping(), () => new Error('Redis does not answer'))
    return true
  } catch (error) {
    onSilence(error)
    if (server.status === 'ready') server.disconnect(true)
    return false
  }
}
