import type { ChatEvent } from '../events/chat-event.ts'
import type { Change } from '../chats/chat-log.ts'
import type { DurableChange } from '../chats/durable-change.ts'
import { badInput, forbidden, notFound } from '../errors.ts'
import type { MessageId, UserId } from '../ids.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { MessageForActor, ChangeStore } from './change-store.ts'
import { isSystem } from '../chats/roles.ts'
import { parseEmoji } from './emoji.ts'
import { parseBody } from './message-input.ts'
import { isExpired, type Message, withoutContent } from '../events/message.ts'

/**
 * Changes stored messages. Each method resolves with the changed message. A change that is in place already (the same
 * body, a deleted message, an existing reaction) succeeds and adds nothing to the log, so all of them may be repeated.
 *
 * Errors:
 * - NOT_FOUND – no such message, or the actor may not see it.
 * - FORBIDDEN – the actor has left the chat, or is not the sender; the message is deleted or expired. The product's
 *   backend may delete any message.
 * - BAD_USER_INPUT – see `parseBody` and `parseEmoji`; too many reactions.
 * - UNAVAILABLE – not confirmed in time; may be repeated.
 */
export type MessageChanger = Readonly<{
  edit(actorId: UserId, id: MessageId, body: string): Promise<Message>
  delete(actorId: UserId, id: MessageId): Promise<Message>
  setReaction(actorId: UserId, id: MessageId, emoji: string, isPresent: boolean): Promise<Message>
}>

type Dependencies = Readonly<{ change: DurableChange; store: ChangeStore }>

type Decision = Readonly<{
  tx: Transaction
  message: MessageForActor
  now: Date
}>

/** The most reactions of one user to one message. */
const MAX_REACTIONS_PER_USER = 20

export function createMessageChanger({ change, store }: Dependencies): MessageChanger {
  async function changeMessage(
    actorId: UserId,
    id: MessageId,
    decide: (decision: Decision) => Promise<Change<MessageEvent> | undefined>,
  ): Promise<Message> {
    let found: Message | undefined
    const [event] = await change<MessageEvent>(
      { chatId: id.chatId, actorId, what: 'Message' },
      async (tx, { now }) => {
        const message = await (isSystem(actorId) ? store.findAny(tx, id) : store.find(tx, id, actorId))
        if (message?.isVisible !== true) throw notFound('Message')
        if (!message.isActorPresent) throw forbidden('You are not a member of this chat any more')
        found = withoutMembership(message)
        const decided = await decide({ tx, message, now })
        return decided === undefined ? [] : [decided]
      },
    )
    const message = event?.message ?? found
    if (message === undefined) throw notFound('Message')
    return message
  }

  return {
    async edit(actorId, id, text) {
      const body = parseBody(text)
      return changeMessage(actorId, id, async ({ tx, message, now }) => {
        requireSender(message, actorId, 'edit')
        requireNotGone(message, now)
        if (message.body === body) return undefined
        await store.setBody(tx, id, body, now)
        return toChange('MessageEdited', actorId, { ...withoutMembership(message), body, editedAt: now })
      })
    },

    async delete(actorId, id) {
      return changeMessage(actorId, id, async ({ tx, message, now }) => {
        if (!isSystem(actorId)) requireSender(message, actorId, 'delete')
        if (message.deletedAt !== null) return undefined
        await store.erase(tx, id, now)
        return toChange('MessageDeleted', actorId, {
          ...withoutContent(withoutMembership(message)),
          deletedAt: now,
        })
      })
    },

    async setReaction(actorId, id, text, isPresent) {
      const emoji = parseEmoji(text)
      return changeMessage(actorId, id, async ({ tx, message, now }) => {
        requireNotGone(message, now)
        const hasChanged = await (isPresent ? store.addReaction : store.removeReaction)(
          tx,
          id,
          actorId,
          emoji,
        )
        if (!hasChanged) return undefined
        if (isPresent) await requireFewReactions(tx, id, actorId)
        return toReactionChange(actorId, withoutMembership(message), emoji, isPresent)
      })
    },
  }

  async function requireFewReactions(tx: Transaction, id: MessageId, userId: UserId): Promise<void> {
    if ((await store.countReactions(tx, id, userId)) > MAX_REACTIONS_PER_USER) {
      throw badInput(`A user can add ${MAX_REACTIONS_PER_USER} emoji to a message; remove one first`)
    }
  }
}

type MessageEvent = Extract<ChatEvent, { message: Message }>

function toChange(
  type: 'MessageEdited' | 'MessageDeleted',
  actorId: UserId,
  message: Message,
): Change<MessageEvent> {
  return {
    row: { type, actorId, messageSeq: message.seq },
    toEvent: (place) => ({ type, ...place, actorId, joined: [], message }),
  }
}

function toReactionChange(
  actorId: UserId,
  message: Message,
  emoji: string,
  added: boolean,
): Change<MessageEvent> {
  const type = 'ReactionChanged'
  return {
    row: { type, actorId, messageSeq: message.seq, emoji, added },
    toEvent: (place) => ({ type, ...place, actorId, joined: [], message, emoji, added }),
  }
}

function withoutMembership({ isVisible: _, isActorPresent: __, ...message }: MessageForActor): Message {
  return message
}

function requireSender(message: Message, actorId: UserId, verb: string): void {
  if (message.senderId !== actorId) throw forbidden(`Only the sender of a message can ${verb} it`)
}

function requireNotGone(message: Message, now: Date): void {
  if (message.deletedAt !== null) throw forbidden('This message was deleted')
  if (isExpired(message, now.getTime())) throw forbidden('This message has expired')
}
