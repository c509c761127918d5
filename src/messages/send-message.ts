import { badInput, forbidden, notFound, ParleyError, unavailable } from '../errors.ts'
import type { AttachmentId, ChatId, MessageId, UserId } from '../ids.ts'
import { parseKey } from '../chats/client-key.ts'
import { parseData, parseType } from '../chats/custom-data.ts'
import { answerInTime } from '../store/sql/durable-command.ts'
import { type DurableAppend, toMessage } from './durable-append.ts'
import { createLanes } from './lanes.ts'
import { fingerprintOf, parseBody, parseCaption, requireAttachments } from './message-input.ts'
import type { AppendOutcome } from './append-store.ts'
import type { NewMessage } from './new-message.ts'
import type { Message } from '../events/message.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { traceQueued } from '../telemetry/tracing.ts'

export type SendInput = Readonly<{
  senderId: UserId
  chatId: ChatId
  clientMessageId: string
  /** Undefined only if there are attachments. */
  body: string | undefined
  /** The body as the sender sent it, if a hook has replaced it: a retry sends that one. */
  replacedBody?: string | undefined
  attachmentIds: readonly AttachmentId[]
  replyTo: MessageId | undefined
  /** The product's own type and data. Default: none. */
  type?: string | undefined
  data?: unknown
}>

export type SendResult = Readonly<{
  message: Message
  /** An earlier send used the key, and `message` is the message of that send. */
  deduplicated: boolean
}>

export type MessageSender = Readonly<{
  /**
   * Resolves once the message is durable.
   *
   * Errors:
   * - NOT_FOUND – no such chat, or the sender was never a member; no such message to reply to.
   * - FORBIDDEN – the sender has left the chat.
   * - CONFLICT – the sender used the key for another message.
   * - BAD_USER_INPUT – see `parseBody` and `parseKey`; a reply to a message of another chat; an attachment that is not
   *   the sender's own, is not completely uploaded, or was sent before.
   * - UNAVAILABLE – the outcome is unknown; may be repeated with the same key.
   */
  send(input: SendInput): Promise<SendResult>
  /** Returns how many messages wait to be stored. */
  depth(): number
  /** Resolves when all accepted messages are stored and answered. */
  drained(): Promise<void>
}>

type Dependencies = Readonly<{
  append: DurableAppend
  /** Reads a message that an earlier send stored. */
  findMessage(id: MessageId): Promise<Message | undefined>
  metrics: Pick<Metrics, 'sends'>
}>

/**
 * Two concurrent writes. Each costs a commit, a publish and several wake-ups of processes, so a gateway with more lanes
 * does more work for the same messages, and a busy database makes it wait longer. Batches grow instead.
 */
const LANES = { count: 2, maxBatch: 256, maxWaiting: 10_000 }
const MAX_ATTEMPTS = 6

export function createMessageSender({ append, findMessage, metrics }: Dependencies): MessageSender {
  const lanes = createLanes<NewMessage, AppendOutcome>({ ...LANES, write: append })

  async function appended(newMessage: NewMessage): Promise<Exclude<AppendOutcome, { type: 'retry' }>> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      traceQueued(newMessage)
      const outcome = await lanes.submit(newMessage)
      if (outcome.type !== 'retry') return outcome
    }
    throw unavailable('The message could not be stored yet. Send it again with the same key.')
  }

  async function firstMessage(newMessage: NewMessage, { seq, fingerprint }: Duplicate): Promise<Message> {
    // An erased message has no fingerprint to compare with.
    if (fingerprint.length > 0 && !fingerprint.equals(newMessage.fingerprint)) throw keyConflict()
    const message = await findMessage({ chatId: newMessage.chatId, seq })
    if (message === undefined) throw notFound('Message')
    return message
  }

  async function send(input: SendInput): Promise<SendResult> {
    try {
      const sent = await store(input)
      metrics.sends.inc({ outcome: sent.deduplicated ? 'duplicate' : 'sent' })
      return sent
    } catch (error) {
      metrics.sends.inc({ outcome: error instanceof ParleyError ? error.code : 'INTERNAL' })
      throw error
    }
  }

  async function store(input: SendInput): Promise<SendResult> {
    const newMessage = toNewMessage(input)
    const outcome = await answerInTime(appended(newMessage), notConfirmed)
    switch (outcome.type) {
      case 'stored':
        return { message: toMessage(newMessage, outcome), deduplicated: false }
      case 'duplicate':
        return {
          message: await firstMessage(newMessage, outcome),
          deduplicated: outcome.isFromThisSend !== true,
        }
      case 'no-such-chat':
      case 'not-a-member':
        throw notFound('Chat')
      case 'has-left':
        throw forbidden('You are not a member of this chat any more')
      case 'no-such-reply-target':
        throw notFound('Message to reply to')
      case 'unusable-attachments':
        throw badInput(
          'An attachment is not your own, is not completely uploaded, or was sent before. Upload the file again.',
        )
      default:
        return outcome satisfies never
    }
  }

  return { send, depth: () => lanes.depth(), drained: () => lanes.drained() }
}

/** Returns the body as it would be stored. Errors: BAD_USER_INPUT – as `MessageSender.send`. */
export function requireValid(input: SendInput): string {
  return toNewMessage(input).body
}

type Duplicate = Extract<AppendOutcome, { type: 'duplicate' }>

function toNewMessage(input: SendInput): NewMessage {
  const { senderId, chatId, clientMessageId, body, attachmentIds, replyTo } = input
  if (replyTo !== undefined && replyTo.chatId !== chatId) {
    throw badInput('replyToId names a message of another chat; reply within the same chat')
  }
  const replyToSeq = replyTo?.seq ?? null
  // The digest is of the stored text, so a retry with other line ends is the same message.
  const parsed = attachmentIds.length === 0 ? parseBody(body ?? '') : parseCaption(body)
  requireAttachments(attachmentIds)
  const type = input.type === undefined ? null : parseType(input.type)
  const data = input.data === undefined ? null : parseData(input.data, 'message')
  const content = { body: parsed, replyToSeq, attachmentIds, type, data }
  const sent = { ...content, body: input.replacedBody ?? parsed }
  return {
    chatId,
    senderId,
    clientMessageId: parseKey('clientMessageId', clientMessageId),
    fingerprint: fingerprintOf(sent),
    ...content,
  }
}

function keyConflict(): ParleyError {
  return new ParleyError(
    'CONFLICT',
    'You used this clientMessageId for another message in this chat. Make a new one for each message.',
  )
}

function notConfirmed(): ParleyError {
  return unavailable('The message was not confirmed in time. Send it again with the same key.')
}
