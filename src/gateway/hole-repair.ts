import type { ChatEvent } from '../chats/chat-event.ts'
import type { LogStretch } from '../chats/chat-log.ts'
import type { ChatId } from '../ids.ts'
import { backoffMs } from '../lib/backoff.ts'
import { pause } from '../lib/pause.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { ChatFeed } from './chat-feed.ts'

/** A feed with a hole, and whoever waits for it. */
export type Damaged = Readonly<{
  chatId: ChatId
  feed: ChatFeed
  /** False once nobody here hears of the chat any more. */
  isWanted(): boolean
  /** Takes in what was read. */
  take(events: readonly ChatEvent[]): void
}>

/** Reads from the log what a feed lacks, until it lacks nothing or nobody wants it. Never rejects. */
export type HoleRepair = (damaged: Damaged) => Promise<void>

type Dependencies = Readonly<{
  readLog(stretch: LogStretch): Promise<readonly ChatEvent[]>
  metrics: Pick<Metrics, 'holes'>
  logger: Logger
  /** Ends all repairs. */
  signal: AbortSignal
}>

/** What is merely overtaken arrives within this time, in milliseconds; only then is the log read. */
const GRACE_MS = 10
const BACKOFF = { firstMs: 50, maxMs: 2_000 }

export function createHoleRepair({ readLog, metrics, logger, signal }: Dependencies): HoleRepair {
  /** Whether anything came of it. */
  async function readOnce({ chatId, feed, isWanted, take }: Damaged): Promise<boolean> {
    const hole = feed.hole
    if (hole === undefined) return true
    try {
      const missing = await readLog({ chatId, ...hole })
      metrics.holes.inc({ outcome: missing.length > 0 ? 'filled' : 'empty' })
      if (missing.length === 0) logger.error({ chatId, ...hole }, 'the log has a hole that does not fill')
      if (isWanted()) take(missing)
      return missing.length > 0
    } catch (error) {
      metrics.holes.inc({ outcome: 'failed' })
      logger.warn({ err: error, chatId, ...hole }, 'a hole could not be read from the log yet')
      return false
    }
  }

  return async (damaged) => {
    await pause(GRACE_MS, signal)
    for (let failures = 0; !signal.aborted && damaged.isWanted() && damaged.feed.hole !== undefined;) {
      if (await readOnce(damaged)) failures = 0
      else await pause(backoffMs(failures++, BACKOFF), signal)
    }
  }
}
