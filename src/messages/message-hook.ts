import * as z from 'zod'
import type { AttachmentId, ChatId, MessageId, UserId } from '../ids.ts'
import { globalId } from '../ids.ts'
import { createHookClient } from '../lib/hook-client.ts'
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
  /** The product's own type and data of a new message. */
  messageType?: string | undefined
  data?: unknown
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

export function createMessageHook(dependencies: Dependencies): MessageHook {
  const { acceptsUnchecked, metrics, logger } = dependencies
  const client = createHookClient({
    ...dependencies,
    timeoutMs: HOOK_TIMEOUT_MS,
    onBreak: () => logger.error({ acceptsUnchecked }, 'message hook fails; it is not asked for ten seconds'),
    onReset: () => logger.info('message hook answers again'),
  })
  let hasFailed = false

  return {
    async ask(question) {
      const decision = await decide(question)
      metrics.hookDecisions.inc({ decision: decision.type })
      return decision
    },
  }

  async function decide(question: HookQuestion): Promise<HookDecision> {
    try {
      const decision = await client.ask(question.type, dataOf(question), readDecision)
      hasFailed = false
      return decision
    } catch (error) {
      // The first of several failures in a row tells the operator the reason. The others would fill the log.
      logger[hasFailed ? 'debug' : 'warn']({ err: error, acceptsUnchecked }, 'message hook failed')
      hasFailed = true
      return acceptsUnchecked ? { type: 'accept' } : { type: 'unknown' }
    }
  }
}

function readDecision(body: string): HookDecision {
  const answer = ANSWER.parse(JSON.parse(body))
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

function dataOf(question: HookQuestion): object {
  const { chatId, senderId, clientMessageId, messageId, body, attachmentIds, messageType, data } = question
  return {
    chatId: globalId.chat(chatId),
    senderId: globalId.user(senderId),
    ...(clientMessageId !== undefined && { clientMessageId }),
    ...(messageId !== undefined && { messageId: globalId.message(messageId) }),
    body,
    ...(attachmentIds !== undefined && { attachmentIds: attachmentIds.map((id) => globalId.attachment(id)) }),
    ...(messageType !== undefined && { messageType }),
    ...(data !== undefined && { data }),
  }
}
