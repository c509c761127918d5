import { forbidden, unavailable } from '../errors.ts'
import type { MessageChanger } from './change-message.ts'
import { parseBody } from './message-input.ts'
import type { HookDecision, MessageHook } from './message-hook.ts'
import type { MessageStore } from './message-store.ts'
import { type MessageSender, requireValid, type SendInput, type SendResult } from './send-message.ts'

type Dependencies = Readonly<{
  hook: MessageHook
  messageSender: MessageSender
  messageChanger: MessageChanger
  store: Pick<MessageStore, 'hasKey'>
}>

/** How users send and edit while the product decides about each text. */
export type HookedMessages = Readonly<{ messageSender: MessageSender; messageChanger: MessageChanger }>

/*
 * A send with a hook:
 *
 * 1. Join. The same send may be running already: a client that lost its connection repeats it. It gets that outcome.
 * 2. Look up. A message with this key may be stored: the product has decided about it, and is not asked again.
 * 3. Ask. Several messages of one sender are asked about at the same time.
 * 4. Store. In the order in which the sender sent them: each waits until the one before it in the chat is stored or has
 *    failed.
 *
 * The digest of a message that the product has replaced is that of the sender's text, so a retry finds the message.
 * Messages of the server API come from the product and are not asked about.
 */
export function hookMessages({ hook, messageSender, messageChanger, store }: Dependencies): HookedMessages {
  const running = new Map<string, Promise<SendResult>>()
  /** The last send of each sender in each chat. */
  const last = new Map<string, Promise<unknown>>()

  async function send(input: SendInput): Promise<SendResult> {
    const body = requireValid(input)
    const key = JSON.stringify([
      ...Object.values(identityOf(input)),
      body,
      input.attachmentIds,
      input.replyTo,
      input.type,
      input.data,
    ])
    const joined = running.get(key)
    if (joined !== undefined) return { ...(await joined), deduplicated: true }
    const sending = inOrder(input, decide(input, body))
    running.set(key, sending)
    try {
      return await sending
    } finally {
      running.delete(key)
    }
  }

  async function decide(input: SendInput, body: string): Promise<HookDecision> {
    const { chatId, senderId, clientMessageId } = identityOf(input)
    if (await store.hasKey(chatId, senderId, clientMessageId)) return { type: 'accept' }
    const { attachmentIds, type: messageType, data } = input
    const content = { body, attachmentIds, messageType, data }
    return hook.ask({ type: 'message.send', chatId, senderId, clientMessageId, ...content })
  }

  async function inOrder(input: SendInput, decision: Promise<HookDecision>): Promise<SendResult> {
    const place = JSON.stringify([input.senderId, input.chatId])
    const before = last.get(place)
    const storing = (async () => {
      const decided = await decision
      await before?.catch(() => undefined)
      return messageSender.send(applied(input, decided))
    })()
    last.set(place, storing)
    try {
      return await storing
    } finally {
      if (last.get(place) === storing) last.delete(place)
    }
  }

  return {
    messageSender: { ...messageSender, send },
    messageChanger: {
      ...messageChanger,
      async edit(actorId, messageId, text) {
        const { chatId } = messageId
        const body = parseBody(text)
        const decision = await hook.ask({ type: 'message.edit', chatId, senderId: actorId, messageId, body })
        return messageChanger.edit(actorId, messageId, bodyAfter(decision, body))
      },
    },
  }
}

function identityOf({ chatId, senderId, clientMessageId }: SendInput) {
  return { chatId, senderId, clientMessageId }
}

function applied(input: SendInput, decision: HookDecision): SendInput {
  const body = requireValid(input)
  const decided = bodyAfter(decision, body)
  return decided === body ? input : { ...input, body: decided, replacedBody: body }
}

/** Throws FORBIDDEN if the product rejects the text, and UNAVAILABLE if it could not be asked. */
function bodyAfter(decision: HookDecision, body: string): string {
  switch (decision.type) {
    case 'accept':
      return body
    case 'replace':
      return decision.body
    case 'reject':
      throw forbidden(decision.reason)
    case 'unknown':
      throw unavailable('The message could not be checked. Send it again with the same key.')
    default:
      return decision satisfies never
  }
}
