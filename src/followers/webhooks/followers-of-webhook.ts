import type { Clock } from '../../lib/clock.ts'
import type { Follower, LogFollower, StateFollower } from '../follower.ts'
import type { ChatEvent } from '../../events/chat-event.ts'
import { canBeDue, type DueStore } from '../due-store.ts'
import type { Delivery } from './deliver.ts'
import { messageOf, pendingMessage, receiptMessage, typeOf, userMessage } from './payload.ts'
import type { StateStore } from './state-store.ts'
import { type Stream, streamsOf } from './streams.ts'
import type { Webhook } from './webhook.ts'

type Parts = Readonly<{
  delivery: Delivery
  due: Pick<DueStore, 'due'>
  states: StateStore
  clock: Clock
}>

type MessageSent = Extract<ChatEvent, { type: 'MessageSent' }>

/** Returns the followers that post to a webhook, one for each of its streams. */
export function followersOf(webhook: Webhook, parts: Parts): readonly Follower[] {
  return streamsOf(webhook).map((stream) => followerOf(stream, webhook, parts))
}

function followerOf(stream: Stream, webhook: Webhook, parts: Parts): Follower {
  switch (stream.kind) {
    case 'log':
      return logFollower(stream, webhook, parts)
    case 'pending':
      return pendingFollower(stream, webhook, parts)
    case 'receipts':
      return receiptFollower(stream, parts)
    case 'users':
      return userFollower(stream, webhook, parts)
    default:
      return stream.kind satisfies never
  }
}

function logFollower({ id }: Stream, webhook: Webhook, { delivery, clock }: Parts): LogFollower {
  return {
    id,
    source: 'LOGS',
    maxConcurrent: delivery.maxConcurrent,
    wants(item) {
      const type = typeOf(item)
      return type === 'chat.gap' || webhook.types.some((wanted) => wanted === type)
    },
    handle({ chatId }, item, attempts) {
      const now = new Date(clock.now())
      return delivery.deliver(messageOf(chatId, item, { hasContent: webhook.hasContent, now }), attempts)
    },
  }
}

/** A chat waits until its next message is old enough. Later messages become due later, so none waits for another. */
function pendingFollower(
  { id }: Stream,
  { pendingAfterS, hasContent }: Webhook,
  { delivery, due, clock }: Parts,
): LogFollower {
  return {
    id,
    source: 'LOGS',
    maxConcurrent: delivery.maxConcurrent,
    wants: (item) => item.type === 'MessageSent',
    async handle(_, item, attempts) {
      const { message } = item as MessageSent
      const now = clock.now()
      const forMs = message.sentAt.getTime() + pendingAfterS * 1000 - now
      if (forMs > 0) return { type: 'wait', forMs }
      if (!canBeDue(message, now)) return { type: 'done' }
      const recipients = await due.due(message)
      if (recipients.length === 0) return { type: 'done' }
      return delivery.deliver(
        pendingMessage(message, recipients, { hasContent, now: new Date(now) }),
        attempts,
      )
    },
  }
}

function receiptFollower({ id }: Stream, { delivery, states }: Parts): StateFollower {
  return {
    id,
    source: 'RECEIPTS',
    maxConcurrent: delivery.maxConcurrent,
    async handle({ chatId, userId, attempts }) {
      const member = userId && (await states.member(chatId, userId))
      if (!member) return { type: 'done' }
      return delivery.deliver(receiptMessage(member), attempts)
    },
  }
}

function userFollower({ id }: Stream, { hasContent }: Webhook, { delivery, states }: Parts): StateFollower {
  return {
    id,
    source: 'USERS',
    maxConcurrent: delivery.maxConcurrent,
    async handle({ userId, changedAt, attempts }) {
      const user = userId && (await states.user(userId))
      if (!user) return { type: 'done' }
      return delivery.deliver(userMessage(user, { hasContent, changedAt }), attempts)
    },
  }
}
