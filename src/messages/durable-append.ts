import type { ChatEvent } from '../events/chat-event.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import type { Publish } from '../chats/durable-change.ts'
import { type ParleyError, unavailable } from '../errors.ts'
import { type RetryPolicy, runDurableCommand } from '../store/sql/durable-command.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { startBatchHop } from '../telemetry/tracing.ts'
import type { AppendOutcome, AppendStore } from './append-store.ts'
import type { NewMessage } from './new-message.ts'
import type { Message } from '../events/message.ts'
import { deduplicateBatch, expandOutcomes, hasAttachments, splitAtAttachments } from './send-batch.ts'

/**
 * Stores a batch of messages and publishes them. Returns the outcomes in the order of the messages.
 *
 * Errors: UNAVAILABLE – the outcome is unknown, or the database rejected the batch. Send again with the same keys.
 */
export type DurableAppend = (newMessages: readonly NewMessage[]) => Promise<readonly AppendOutcome[]>

type Dependencies = Readonly<{
  store: AppendStore
  chatLog: ChatLog
  publish: Publish
  metrics: Pick<Metrics, 'sendBatchSize' | 'commitSeconds' | 'appendRetries'>
  logger: Logger
}>

/** How long the gateway retries a batch, in milliseconds. The other batches of the lane wait meanwhile. */
const RETRY_FOR_MS = 5_000
const RETRY_BACKOFF = { firstMs: 20, maxMs: 500 }

/**
 * Retrying a batch is safe. If an earlier attempt stored it, the retry finds the keys and reports duplicates, because
 * no key is stored twice. The earlier attempt did not publish its messages, so the command reads them back and
 * publishes them.
 */
export function createDurableAppend({
  store,
  chatLog,
  publish,
  metrics,
  logger,
}: Dependencies): DurableAppend {
  async function timed(
    append: AppendStore['append'],
    newMessages: readonly NewMessage[],
  ): Promise<readonly AppendOutcome[]> {
    const stopTimer = metrics.commitSeconds.startTimer()
    const appended = startBatchHop('append', newMessages)
    const outcomes = await append(newMessages)
    appended()
    stopTimer()
    metrics.sendBatchSize.observe(newMessages.length)
    return outcomes
  }

  const appendOneWithAttachments: AppendStore['append'] = (part) =>
    Promise.all(part.map((newMessage) => store.appendWithAttachments(newMessage)))

  async function readDuplicates(
    newMessages: readonly NewMessage[],
    outcomes: readonly AppendOutcome[],
  ): Promise<readonly ChatEvent[]> {
    const reads = newMessages.map(async ({ chatId }, index) => {
      const outcome = outcomes[index]
      if (outcome?.type !== 'duplicate') return []
      return chatLog.read({ chatId, afterSeq: outcome.seq - 1, untilSeq: outcome.seq })
    })
    return (await Promise.all(reads)).flat()
  }

  const retryPolicyFor = (batchSize: number): RetryPolicy => ({
    shouldRetry: ({ kind, elapsedMs }) => kind !== 'rejected' && elapsedMs < RETRY_FOR_MS,
    backoff: RETRY_BACKOFF,
    onFailure({ error, kind }) {
      metrics.appendRetries.inc({ kind })
      logger.warn({ err: error, kind, batch: batchSize }, 'storing a batch of messages failed')
    },
  })

  function appendAndPublish(
    append: AppendStore['append'],
    newMessages: readonly NewMessage[],
  ): Promise<readonly AppendOutcome[]> {
    const startedAt = performance.now()
    return runDurableCommand({
      async attempt({ mayBeStored }) {
        const outcomes = await timed(append, newMessages)
        if (!mayBeStored) return outcomes
        const sinceMs = performance.now() - startedAt
        return outcomes.map((outcome) => markOwn(outcome, sinceMs))
      },
      events: {
        stored: (outcomes) =>
          newMessages.flatMap((newMessage, index) => eventsOf(newMessage, outcomes[index])),
        readBack: (outcomes) => readDuplicates(newMessages, outcomes),
        publish,
      },
      retry: retryPolicyFor(newMessages.length),
      notConfirmed,
    })
  }

  /** Runs in the same turn of the lane, so that no later send overtakes these messages. */
  async function retryLocked(
    newMessages: readonly NewMessage[],
    outcomes: readonly AppendOutcome[],
  ): Promise<readonly AppendOutcome[]> {
    const toRetry = newMessages.filter((_, index) => outcomes[index]?.type === 'retry')
    if (toRetry.length === 0) return outcomes
    const retried = (await appendAndPublish(store.appendLocked, toRetry)).values()
    return outcomes.map((outcome) => (outcome.type === 'retry' ? (retried.next().value ?? outcome) : outcome))
  }

  return async (newMessages) => {
    const batch = deduplicateBatch(newMessages)
    const outcomes: AppendOutcome[] = []
    for (const part of splitAtAttachments(batch.unique)) {
      const append = hasAttachments(part[0]) ? appendOneWithAttachments : store.append
      outcomes.push(...(await retryLocked(part, await appendAndPublish(append, part))))
    }
    return expandOutcomes(newMessages, batch, outcomes)
  }
}

type Stored = Extract<AppendOutcome, { type: 'stored' }>

function notConfirmed(cause: unknown): ParleyError {
  return unavailable('The message could not be confirmed. Send it again with the same key.', cause)
}

/** Marks a duplicate that is younger than the first attempt: an earlier attempt of this send stored it. */
function markOwn(outcome: AppendOutcome, sinceMs: number): AppendOutcome {
  const isFromThisSend = outcome.type === 'duplicate' && outcome.ageMs <= sinceMs
  return isFromThisSend ? { ...outcome, isFromThisSend } : outcome
}

/** Returns the message as it is right after it was stored. */
export function toMessage(newMessage: NewMessage, { seq, at, expiresAt, attachments }: Stored): Message {
  const { chatId, senderId, clientMessageId, body, replyToSeq, type, data } = newMessage
  const written = { sentAt: at, editedAt: null, deletedAt: null, expiresAt, isJustSent: true as const }
  const files =
    attachments === undefined ? { attachmentCount: 0 } : { attachmentCount: attachments.length, attachments }
  return { chatId, seq, senderId, clientMessageId, body, ...files, replyToSeq, type, data, ...written }
}

function eventsOf(newMessage: NewMessage, outcome: AppendOutcome | undefined): ChatEvent[] {
  return outcome?.type === 'stored' ? [sentEvent(toMessage(newMessage, outcome), outcome)] : []
}

function sentEvent(message: Message, { joined, membersSeq }: Stored): ChatEvent {
  const { chatId, seq, senderId, sentAt } = message
  return { type: 'MessageSent', chatId, seq, actorId: senderId, at: sentAt, joined, membersSeq, message }
}
