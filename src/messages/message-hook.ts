import { randomUUID } from 'node:crypto'
import { circuitBreaker, type CircuitBreakerPolicy, ConsecutiveBreaker, handleAll } from 'cockatiel'
import { Webhook as Signer } from 'standardwebhooks'
import * as z from 'zod'
import type { AttachmentId, ChatId, MessageId, UserId } from '../ids.ts'
import { globalId } from '../ids.ts'
import { toSingleLine } from '../lib/single-line.ts'
import type { Post } from '../lib/outgoing-post.ts'
import { parseBody } from './message-input.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** A message that is not stored yet, or the new text of one. */
export type HookQuestion = Readonly<{
  type: 'message.send' | 'message.edit'
  chatId: ChatId
  senderId: UserId
  /** Of a new message. */
  clientMessageId?: string
  /** Of an edited message. */
  messageId?: MessageId
  body: string
  attachmentIds?: readonly AttachmentId[]
}>

/** The product's decision. `unknown`: it could not be asked, and the configuration does not accept such messages. */
export type HookDecision = Readonly<
  | { type: 'accept' }
  | { type: 'replace'; body: string }
  | { type: 'reject'; reason: string }
  | { type: 'unknown' }
>

/** Asks the product about each message before it is stored. */
export type MessageHook = Readonly<{
  /** Resolves within `HOOK_TIMEOUT_MS`. Never rejects. */
  ask(question: HookQuestion): Promise<HookDecision>
}>

/** How long the product may take for its decision, in milliseconds. */
export const HOOK_TIMEOUT_MS = 1_500
const MAX_ANSWER_BYTES = 64 * 1024
/** After this many failures in a row, the product is not asked for a while, so that messages do not wait for it. */
const MAX_FAILURES = 5
const RETRY_AFTER_MS = 10_000

const ANSWER = z.discriminatedUnion('action', [
  z.object({ action: z.literal('accept') }),
  z.object({ action: z.literal('replace'), body: z.string() }),
  z.object({ action: z.literal('reject'), message: z.string().default('') }),
])

type Dependencies = Readonly<{
  url: string
  secret: string
  /** Whether messages are accepted while the product cannot be asked. */
  acceptsUnchecked: boolean
  post: Post
  metrics: Pick<Metrics, 'hookDecisions'>
  logger: Logger
}>

/*
 * The circuit:
 *
 *            5 failures in a row                 10 s
 *   closed ───────────────────────▶ open ──────────────────▶ half-open
 *     ▲                               ▲                        │   │
 *     └───────────────────────────────┼──── one call succeeds ─┘   │
 *                                     └──── it fails ──────────────┘
 *
 * While it is open, no message waits for the product.
 */
export function createMessageHook(dependencies: Dependencies): MessageHook {
  const { acceptsUnchecked, metrics, logger } = dependencies
  const circuit: CircuitBreakerPolicy = circuitBreaker(handleAll, {
    halfOpenAfter: RETRY_AFTER_MS,
    breaker: new ConsecutiveBreaker(MAX_FAILURES),
  })
  circuit.onBreak(() =>
    logger.error({ acceptsUnchecked }, 'message hook fails; it is not asked for ten seconds'),
  )
  circuit.onReset(() => logger.info('message hook answers again'))

  return {
    async ask(question) {
      const decision = await decide(question)
      metrics.hookDecisions.inc({ decision: decision.type })
      return decision
    },
  }

  async function decide(question: HookQuestion): Promise<HookDecision> {
    try {
      return await circuit.execute(() => askOnce(question, dependencies))
    } catch (error) {
      logger.debug({ err: error }, 'message hook failed')
      return acceptsUnchecked ? { type: 'accept' } : { type: 'unknown' }
    }
  }
}

async function askOnce(question: HookQuestion, { url, secret, post }: Dependencies): Promise<HookDecision> {
  const now = new Date()
  const id = `hook_${randomUUID()}`
  const body = JSON.stringify({ type: question.type, timestamp: now.toISOString(), data: dataOf(question) })
  const posted = await post({
    url,
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Signer(secret).sign(id, now, body),
    },
    // The operator has configured the address.
    allowsPrivate: true,
    timeoutMs: HOOK_TIMEOUT_MS,
    maxBodyBytes: MAX_ANSWER_BYTES,
  })
  if (posted.type === 'failed') throw new Error(posted.reason)
  if (posted.status !== 200) throw new Error(`status ${posted.status}`)
  const answer = ANSWER.parse(JSON.parse(posted.body))
  switch (answer.action) {
    case 'accept':
      return { type: 'accept' }
    case 'replace':
      // A text that cannot be stored counts as a failure of the product.
      return { type: 'replace', body: parseBody(answer.body) }
    case 'reject':
      return { type: 'reject', reason: toSingleLine(answer.message) ?? 'The message was rejected.' }
    default:
      return answer satisfies never
  }
}

function dataOf({ chatId, senderId, clientMessageId, messageId, body, attachmentIds }: HookQuestion): object {
  return {
    chatId: globalId.chat(chatId),
    senderId: globalId.user(senderId),
    ...(clientMessageId !== undefined && { clientMessageId }),
    ...(messageId !== undefined && { messageId: globalId.message(messageId) }),
    body,
    ...(attachmentIds !== undefined && { attachmentIds: attachmentIds.map((id) => globalId.attachment(id)) }),
  }
}
