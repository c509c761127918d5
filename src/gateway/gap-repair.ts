import type { LogRange } from '../chats/log-rows.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { ChatId, Seq } from '../ids.ts'
import { backoffMs } from '../lib/backoff.ts'
import { pause } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Gap } from './chat-feed.ts'

/** A chat whose feed has a gap. */
export type GappedChat = Readonly<{
  chatId: ChatId
  /** The gap at present. Undefined if there is none, or if the chat is not served any more. */
  gap(): Gap | undefined
  /** Called with events that were read from the log. */
  onRead(events: readonly ChatEvent[]): void
  /** Called if the log never had the missing events. */
  onNotInLog(): void
  /** Called if the missing events were in the log and have left it. */
  onLeftLog(): void
}>

/** Reads the log until the chat has no gap, or is not served any more. Never rejects. */
export type GapRepair = (chat: GappedChat) => Promise<void>

type Dependencies = Readonly<{
  readLog(range: LogRange): Promise<readonly ChatEvent[]>
  logFloor(chatId: ChatId): Promise<Seq>
  metrics: Pick<Metrics, 'gaps'>
  logger: Logger
  /** Ends all repairs. */
  signal: AbortSignal
}>

/** Events that were merely overtaken arrive within this time, in milliseconds. The log is read only afterwards. */
const GRACE_MS = 10
const BACKOFF = { firstMs: 50, maxMs: 2_000 }
/** After so many reads in a row without an event, the log does not have them. With the pauses: about a second. */
const MAX_EMPTY_READS = 6

type Outcome = 'filled' | 'empty' | 'lost' | 'failed'

export function createGapRepair({ readLog, logFloor, metrics, logger, signal }: Dependencies): GapRepair {
  async function readOnce(chat: GappedChat, gap: Gap): Promise<Outcome> {
    const { chatId } = chat
    try {
      const events = await readLog({ chatId, ...gap })
      const hasLeftLog = events[0]?.seq !== gap.afterSeq + 1 && (await logFloor(chatId)) > gap.afterSeq
      if (hasLeftLog) {
        logger.warn({ chatId, ...gap }, 'gap repair failed: events have left the log; streams restart')
        chat.onLeftLog()
        return 'lost'
      }
      chat.onRead(events)
      return events.length > 0 ? 'filled' : 'empty'
    } catch (error) {
      logger.warn({ err: error, chatId, ...gap }, 'gap repair could not read the log; it will retry')
      return 'failed'
    }
  }

  /** An event is published after its commit, so only a mistake can announce events that the log does not have. */
  function giveUp(chat: GappedChat): void {
    logger.error({ chatId: chat.chatId, ...chat.gap() }, 'gap repair gave up: events missing from log')
    metrics.gaps.inc({ outcome: 'given-up' })
    chat.onNotInLog()
  }

  return async (chat) => {
    await pause(GRACE_MS, signal)
    let failures = 0
    let emptyReads = 0
    for (let gap = chat.gap(); gap !== undefined && !signal.aborted; gap = chat.gap()) {
      const outcome = await readOnce(chat, gap)
      metrics.gaps.inc({ outcome })
      failures = outcome === 'filled' ? 0 : failures + 1
      emptyReads = outcome === 'empty' ? emptyReads + 1 : 0
      if (emptyReads === MAX_EMPTY_READS) giveUp(chat)
      else if (failures > 0) await pause(backoffMs(failures - 1, BACKOFF), signal)
    }
  }
}
