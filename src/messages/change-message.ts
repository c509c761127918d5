import type { ChatEvent } from '../chats/chat-event.ts'
import type { Change, ChatLog, LockedChat } from '../chats/chat-log.ts'
import { badInput, forbidden, notFound, ParleyError, unavailable } from '../errors.ts'
import type { ChatId, MessageId, Seq, UserId } from '../ids.ts'
import { retry } from '../lib/backoff.ts'
import { within } from '../lib/deadline.ts'
import { classifyDatabaseError } from '../store/database-error.ts'
import type { Transaction } from '../store/writer.ts'
import type { Changeable, ChangeStore } from './change-store.ts'
import type { Publish } from './durable-append.ts'
import { parseBody, parseEmoji } from './message-input.ts'
import type { Message } from './message.ts'

/**
 * Changes of a stored message. Each answers with the message as it is then. What is so already (the same body, a
 * deleted message deleted again, a reaction already there) succeeds and adds nothing to the log, so all of them may
 * be sent again. NOT_FOUND where the actor doesn't see the message, FORBIDDEN where it isn't theirs to change.
 */
export type MessageChanger = Readonly<{
  edit(actorId: UserId, id: MessageId, body: string): Promise<Message>
  delete(actorId: UserId, id: MessageId): Promise<Message>
  setReaction(actorId: UserId, id: MessageId, emoji: string, isPresent: boolean): Promise<Message>
}>

type Dependencies = Readonly<{ chatLog: ChatLog; store: ChangeStore; publish: Publish }>

type Decision = Readonly<{
  tx: Transaction
  message: Changeable
  now: Date
}>

/** The most different emoji of one person on one message. */
const MAX_REACTIONS_PER_PERSON = 20
/** Within this there is an answer, in milliseconds; stays well below the ten seconds that are promised. */
const ANSWER_WITHIN_MS = 8_000
const MAX_ATTEMPTS = 5
const RETRY_BACKOFF = { firstMs: 10, maxMs: 200 }

export function createMessageChanger({ chatLog, store, publish }: Dependencies): MessageChanger {
  async function change(
    actorId: UserId,
    id: MessageId,
    decide: (decision: Decision) => Promise<Change<MessageEvent> | undefined>,
  ): Promise<Message> {
    let found: Readonly<{ message: Message; headSeq: Seq }> | undefined
    const append = (): Promise<MessageEvent | undefined> =>
      chatLog.append(id.chatId, 'Message', async (tx: Transaction, { now, headSeq }: LockedChat) => {
        const message = await store.find(tx, id, actorId)
        if (message === undefined || !message.isActorMember) throw notFound('Message')
        found = { message: withoutMembership(message), headSeq }
        return decide({ tx, message, now })
      })
    const { event, mayHaveBeenStored } = await within(ANSWER_WITHIN_MS, retried(append), notConfirmed)
    if (event !== undefined) publish([event])
    else if (mayHaveBeenStored && found !== undefined) await publishHead(id.chatId, found.headSeq)
    const message = event?.message ?? found?.message
    if (message === undefined) throw notFound('Message')
    return message
  }

  /**
   * An attempt whose answer was lost stored the change after all, and nobody was told. Whoever hears of the log's end
   * reads what they lack before it.
   */
  async function publishHead(chatId: ChatId, headSeq: Seq): Promise<void> {
    publish(await chatLog.read({ chatId, afterSeq: headSeq - 1, untilSeq: headSeq }))
  }

  return {
    async edit(actorId, id, text) {
      const body = parseBody(text)
      return change(actorId, id, async ({ tx, message, now }) => {
        requireOwn(message, actorId, 'edit')
        requireThere(message)
        if (message.body === body) return undefined
        await store.setBody(tx, id, body, now)
        return toChange('MessageEdited', actorId, { ...withoutMembership(message), body, editedAt: now })
      })
    },

    async delete(actorId, id) {
      return change(actorId, id, async ({ tx, message, now }) => {
        requireOwn(message, actorId, 'delete')
        if (message.deletedAt !== null) return undefined
        await store.erase(tx, id, now)
        return toChange('MessageDeleted', actorId, {
          ...withoutMembership(message),
          body: null,
          deletedAt: now,
        })
      })
    },

    async setReaction(actorId, id, text, isPresent) {
      const emoji = parseEmoji(text)
      return change(actorId, id, async ({ tx, message }) => {
        requireThere(message)
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
    if ((await store.countReactions(tx, id, userId)) > MAX_REACTIONS_PER_PERSON) {
      throw badInput(`One person can put ${MAX_REACTIONS_PER_PERSON} emoji on a message; take one back first`)
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
    entry: { type, actorId, messageSeq: message.seq },
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
    entry: { type, actorId, messageSeq: message.seq, emoji, added },
    toEvent: (place) => ({ type, ...place, actorId, joined: [], message, emoji, added }),
  }
}

function withoutMembership({ isActorMember: _, ...message }: Changeable): Message {
  return message
}

function requireOwn(message: Message, actorId: UserId, verb: string): void {
  if (message.senderId !== actorId) throw forbidden(`Only the sender of a message can ${verb} it`)
}

function requireThere(message: Message): void {
  if (message.deletedAt !== null) throw forbidden('This message was deleted')
}

type Attempted = Readonly<{ event: MessageEvent | undefined; mayHaveBeenStored: boolean }>

/** All changes may be repeated, so an unknown outcome is simply tried again; in the end it is UNAVAILABLE. */
async function retried(work: () => Promise<MessageEvent | undefined>): Promise<Attempted> {
  let mayHaveBeenStored = false
  const shouldRetry = (error: unknown, attempt: number): boolean => {
    if (error instanceof ParleyError) return false
    const kind = classifyDatabaseError(error)
    mayHaveBeenStored ||= kind === 'unknown-outcome'
    if (kind === 'other') return false
    if (attempt + 1 < MAX_ATTEMPTS) return true
    throw notConfirmed(error)
  }
  const event = await retry(work, shouldRetry, RETRY_BACKOFF)
  return { event, mayHaveBeenStored }
}

function notConfirmed(cause?: unknown): ParleyError {
  return unavailable('The change could not be confirmed. Send it again.', cause)
}
