import { badInput, forbidden, notFound, ParleyError, unavailable } from '../errors.ts'
import type { ChatId, MessageId, UserId } from '../ids.ts'
import { parseKey } from '../chats/client-key.ts'
import { answerInTime } from '../store/sql/durable-command.ts'
import { type DurableAppend, toMessage } from './durable-append.ts'
import { createLanes } from './lanes.ts'
import { fingerprintOf, parseBody } from './message-input.ts'
import type { AppendOutcome, NewMessage } from './message-log.ts'
import type { Message } from '../events/message.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export type SendInput = Readonly<{
  senderId: UserId
  chatId: ChatId
  clientMessageId: string
  body: string
  replyTo: MessageId | undefined
}>

export type SendResult = Readonly<{
  message: Message
  /** The key had been sent before, and this is the first message. */
  deduplicated: boolean
}>

export type MessageSender = Readonly<{
  /**
   * Resolves once the message is durable. NOT_FOUND where the chat is none of the sender's or the message replied
   * to is not in it, FORBIDDEN where the sender has left, CONFLICT for a key used for something else, BAD_USER_INPUT, or UNAVAILABLE: unknown outcome,
   * and the same key may be sent again.
   */
  send(input: SendInput): Promise<SendResult>
  /** Messages that wait to be stored. */
  depth(): number
  /** Resolves when everything that was taken is stored and answered. */
  drained(): Promise<void>
}>

type Dependencies = Readonly<{
  append: DurableAppend
  /** Reads a message that was stored before. */
  findMessage(id: MessageId): Promise<Message | undefined>
  metrics: Pick<Metrics, 'sends'>
}>

/** A few writes under way at once; batches grow when the database can't keep up. */
const LANES = { count: 4, maxBatch: 256, maxWaiting: 10_000 }
const MAX_ATTEMPTS = 6

export function createMessageSender({ append, findMessage, metrics }: Dependencies): MessageSender {
  const lanes = createLanes<NewMessage, AppendOutcome>({ ...LANES, write: append })

  async function appended(draft: NewMessage): Promise<Exclude<AppendOutcome, { type: 'retry' }>> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const outcome = await lanes.submit(draft)
      if (outcome.type !== 'retry') return outcome
    }
    throw unavailable('The message could not be stored yet. Send it again with the same key.')
  }

  async function firstMessage(draft: NewMessage, { seq, fingerprint }: Repeated): Promise<Message> {
    // Of an erased message nothing is left to compare with, not even its digest.
    if (fingerprint.length > 0 && !fingerprint.equals(draft.fingerprint)) throw keyConflict()
    const message = await findMessage({ chatId: draft.chatId, seq })
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
    const draft = toDraft(input)
    const outcome = await answerInTime(appended(draft), notConfirmed)
    switch (outcome.type) {
      case 'stored':
        return { message: toMessage(draft, outcome), deduplicated: false }
      case 'duplicate':
        return { message: await firstMessage(draft, outcome), deduplicated: outcome.isFromThisSend !== true }
      case 'no-such-chat':
      case 'not-a-member':
        throw notFound('Chat')
      case 'has-left':
        throw forbidden('You are not a member of this chat any more')
      case 'no-such-reply-target':
        throw notFound('Message to reply to')
      default:
        return outcome satisfies never
    }
  }

  return { send, depth: () => lanes.depth(), drained: () => lanes.drained() }
}

type Repeated = Extract<AppendOutcome, { type: 'duplicate' }>

function toDraft({ senderId, chatId, clientMessageId, body, replyTo }: SendInput): NewMessage {
  if (replyTo !== undefined && replyTo.chatId !== chatId) {
    throw badInput('replyToId names a message of another chat; a reply stays in its chat')
  }
  const replyToSeq = replyTo?.seq ?? null
  return {
    chatId,
    senderId,
    clientMessageId: parseKey('clientMessageId', clientMessageId),
    body: parseBody(body),
    fingerprint: fingerprintOf(body, replyToSeq),
    replyToSeq,
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
