import type { ChatEvent } from '../events/chat-event.ts'
import type { LogRange } from '../chats/log-rows.ts'
import type { ChatId, Seq } from '../ids.ts'
import { backoffMs } from '../lib/backoff.ts'
import { pause } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { ChatFeed } from './chat-feed.ts'

/** A feed with a hole, and whoever waits for it. */
export type GappedFeed = Readonly<{
  chatId: ChatId
  feed: ChatFeed
  /** False once nobody here hears of the chat any more. */
  isWanted(): boolean
  /** Takes in what was read. */
  take(events: readonly ChatEvent[]): void
  /** The log begins behind what is missing: whoever hears of the chat has to come back and begin anew. */
  abandon(): void
}>

/**
 * Reads from the log what a feed lacks, until it lacks nothing or nobody wants it. What the log does not have after
 * several reads is given up: somebody was wrong about its end. What has left the log because it was too old can't be
 * passed on any more: the feed is abandoned. Never rejects.
 */
export type GapRepair = (damaged: GappedFeed) => Promise<void>

type Dependencies = Readonly<{
  readLog(stretch: LogRange): Promise<readonly ChatEvent[]>
  logFloor(chatId: ChatId): Promise<Seq>
  metrics: Pick<Metrics, 'gaps'>
  logger: Logger
  /** Ends all repairs. */
  signal: AbortSignal
}>

/** What is merely overtaken arrives within this time, in milliseconds; only then is the log read. */
const GRACE_MS = 10
const BACKOFF = { firstMs: 50, maxMs: 2_000 }
/** So many reads in a row that find nothing, and there is nothing. With the pauses between them: about a second. */
const MAX_EMPTY_READS = 6

/** What came of reading a stretch. */
type Outcome = 'filled' | 'empty' | 'lost' | 'failed'

export function createGapRepair({ readLog, logFloor, metrics, logger, signal }: Dependencies): GapRepair {
  async function readOnce({ chatId, feed, isWanted, take, abandon }: GappedFeed): Promise<Outcome> {
    const hole = feed.gap
    if (hole === undefined) return 'filled'
    try {
      const missing = await readLog({ chatId, ...hole })
      const isLost = missing[0]?.seq !== hole.afterSeq + 1 && (await logFloor(chatId)) > hole.afterSeq
      if (isLost) {
        logger.warn({ chatId, ...hole }, 'a hole is older than the log: its chat begins anew')
        if (isWanted()) abandon()
        return 'lost'
      }
      if (isWanted()) take(missing)
      return missing.length > 0 ? 'filled' : 'empty'
    } catch (error) {
      logger.warn({ err: error, chatId, ...hole }, 'a hole could not be read from the log yet')
      return 'failed'
    }
  }

  /** An event is published after its commit, so the log has it: nobody can have told of more, but by mistake. */
  function giveUp({ chatId, feed }: GappedFeed): void {
    logger.error({ chatId, ...feed.gap }, 'the log does not have what was said to be in it: forgotten')
    metrics.gaps.inc({ outcome: 'given-up' })
    feed.discardPending()
  }

  return async (damaged) => {
    await pause(GRACE_MS, signal)
    let failures = 0
    let emptyReads = 0
    while (!signal.aborted && damaged.isWanted() && damaged.feed.gap !== undefined) {
      const outcome = await readOnce(damaged)
      metrics.gaps.inc({ outcome })
      failures = outcome === 'filled' ? 0 : failures + 1
      emptyReads = outcome === 'empty' ? emptyReads + 1 : 0
      if (emptyReads === MAX_EMPTY_READS) giveUp(damaged)
      else if (failures > 0) await pause(backoffMs(failures - 1, BACKOFF), signal)
    }
  }
}
