import type { Redis } from 'ioredis'
import { pause, withTimeout } from '../lib/async.ts'
import { REDIS_DEADLINE_MS, type RedisClient, serversOf } from './redis-client.ts'

const INTERVAL_MS = 1_000

/** So many rounds in which no node of a cluster answered, and the whole of it is looked for anew, by its URLs. */
const MAX_SILENT_ROUNDS = 5

/**
 * Asks every server once a second for a sign of life, until the signal. A connection that stands but answers nothing
 * for two seconds is cut, and made anew by the client; TCP alone would notice after many minutes.
 */
export async function keepHeartbeat(
  redis: RedisClient,
  onSilence: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let silentRounds = 0; await nextRound(signal);) {
    const answers = await Promise.all(serversOf(redis).map((server) => isAlive(server, onSilence)))
    silentRounds = answers.includes(true) ? 0 : silentRounds + 1
    if (redis.type === 'standalone' || silentRounds < MAX_SILENT_ROUNDS) continue
    silentRounds = 0
    if (redis.client.status === 'ready') redis.client.disconnect(true)
  }
}

/** False when there is none. */
async function nextRound(signal: AbortSignal): Promise<boolean> {
  await pause(INTERVAL_MS, signal)
  return !signal.aborted
}

async function isAlive(server: Redis, onSilence: (error: unknown) => void): Promise<boolean> {
  // A node that nothing was sent to yet connects by being asked; others are being connected already.
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
