import type { ChatEvent } from '../events/chat-event.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import type { Publish } from '../chats/durable-change.ts'
import { unavailable } from '../errors.ts'
import { retry } from '../lib/backoff.ts'
import { classifyDatabaseError } from '../store/sql/database-error.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { AppendOutcome, Draft, MessageLog } from './message-log.ts'
import type { Message } from '../events/message.ts'
import { foldBatch, unfoldOutcomes } from './send-batch.ts'

/** Stores a batch and tells of it: answers in the order of the drafts, UNAVAILABLE where the outcome is unknown. */
export type DurableAppend = (drafts: readonly Draft[]) => Promise<readonly AppendOutcome[]>

type Dependencies = Readonly<{
  log: MessageLog
  chatLog: ChatLog
  publish: Publish
  metrics: Pick<Metrics, 'sendBatchSize' | 'commitSeconds' | 'appendRetries'>
  logger: Logger
}>

/** For how long a batch is tried again, in milliseconds, and how. */
const RETRY_FOR_MS = 5_000
const RETRY_BACKOFF = { firstMs: 20, maxMs: 500 }

/**
 * Tries until the batch is stored. Trying again is safe whatever became of the last attempt: if it was stored after
 * all, its keys are found, and no key is stored twice. What an attempt stored whose answer was lost is then known as
 * repeated, and nobody was told of it yet: so it is read back and published with the rest.
 */
export function createDurableAppend({ log, chatLog, publish, metrics, logger }: Dependencies): DurableAppend {
  async function timed(
    append: MessageLog['append'],
    drafts: readonly Draft[],
  ): Promise<readonly AppendOutcome[]> {
    const stopTimer = metrics.commitSeconds.startTimer()
    const outcomes = await append(drafts)
    stopTimer()
    metrics.sendBatchSize.observe(drafts.length)
    return outcomes
  }

  async function appendWithRetry(append: MessageLog['append'], drafts: readonly Draft[]): Promise<Appended> {
    const startedAt = performance.now()
    let lostAnswers = 0
    const shouldRetry = (error: unknown): boolean => {
      const kind = classifyDatabaseError(error)
      if (kind === 'unknown-outcome') lostAnswers += 1
      metrics.appendRetries.inc({ kind })
      logger.warn({ err: error, kind, batch: drafts.length }, 'a batch of messages was not stored')
      if (kind === 'other') return false
      if (kind !== 'refused' && performance.now() < startedAt + RETRY_FOR_MS) return true
      throw unavailable('The message could not be confirmed. Send it again with the same key.', error)
    }
    const outcomes = await retry(() => timed(append, drafts), shouldRetry, RETRY_BACKOFF)
    if (lostAnswers === 0) return { outcomes, mayHaveBeenStored: false }
    const sinceMs = performance.now() - startedAt
    return { outcomes: outcomes.map((outcome) => markOwn(outcome, sinceMs)), mayHaveBeenStored: true }
  }

  async function readBack(
    drafts: readonly Draft[],
    outcomes: readonly AppendOutcome[],
  ): Promise<ChatEvent[]> {
    const reads = drafts.map(async ({ chatId }, index) => {
      const outcome = outcomes[index]
      if (outcome?.type !== 'repeated') return []
      return chatLog.read({ chatId, afterSeq: outcome.seq - 1, untilSeq: outcome.seq })
    })
    return (await Promise.all(reads)).flat()
  }

  async function appendAndTell(
    append: MessageLog['append'],
    drafts: readonly Draft[],
  ): Promise<readonly AppendOutcome[]> {
    const { outcomes, mayHaveBeenStored } = await appendWithRetry(append, drafts)
    publish(drafts.flatMap((draft, index) => eventsOf(draft, outcomes[index])))
    if (mayHaveBeenStored) publish(await readBack(drafts, outcomes))
    return outcomes
  }

  /** In the same turn of the lane, so that nothing that was sent later gets before it. */
  async function settle(
    drafts: readonly Draft[],
    outcomes: readonly AppendOutcome[],
  ): Promise<readonly AppendOutcome[]> {
    const undecided = drafts.filter((_, index) => outcomes[index]?.type === 'try-again')
    if (undecided.length === 0) return outcomes
    const decided = (await appendAndTell(log.appendLocked, undecided)).values()
    return outcomes.map((outcome) =>
      outcome.type === 'try-again' ? (decided.next().value ?? outcome) : outcome,
    )
  }

  return async (drafts) => {
    const folded = foldBatch(drafts)
    const outcomes = await appendAndTell(log.append, folded.unique)
    return unfoldOutcomes(drafts, folded, await settle(folded.unique, outcomes))
  }
}

type Appended = Readonly<{ outcomes: readonly AppendOutcome[]; mayHaveBeenStored: boolean }>
type Stored = Extract<AppendOutcome, { type: 'sent' }>

/** What was stored no longer ago than the first attempt began, one of these attempts stored. */
function markOwn(outcome: AppendOutcome, sinceMs: number): AppendOutcome {
  const isOwn = outcome.type === 'repeated' && outcome.ageMs <= sinceMs
  return isOwn ? { ...outcome, isOwn } : outcome
}

/** The message that a stored draft became. */
export function toMessage(draft: Draft, { seq, at, expiresAt }: Stored): Message {
  const { chatId, senderId, clientMessageId, body, replyToSeq } = draft
  const written = { sentAt: at, editedAt: null, deletedAt: null, expiresAt, isJustSent: true as const }
  return { chatId, seq, senderId, clientMessageId, body, replyToSeq, ...written }
}

function eventsOf(draft: Draft, outcome: AppendOutcome | undefined): ChatEvent[] {
  return outcome?.type === 'sent' ? [sentEvent(toMessage(draft, outcome), outcome)] : []
}

function sentEvent(message: Message, { joined, membersSeq }: Stored): ChatEvent {
  const { chatId, seq, senderId, sentAt } = message
  return { type: 'MessageSent', chatId, seq, actorId: senderId, at: sentAt, joined, membersSeq, message }
}
