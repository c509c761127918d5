import { type ChatEvent, changesMembers } from '../events/chat-event.ts'
import type { LiveItem, LiveSubscriber, ReceiptAdvanced, Signal, TypingChanged } from '../events/signal.ts'
import type { Seq, UserId } from '../ids.ts'
import type { HubState, LocalUser, ServedChat } from './hub-state.ts'
import { isForActorAlone } from './receipt-order.ts'

export type HubEffect =
  | Readonly<{ type: 'push'; to: readonly LiveSubscriber[]; item: LiveItem }>
  /** Ends streams that have missed something, so that their clients reconnect and catch up. */
  | Readonly<{ type: 'restart'; subscribers: readonly LiveSubscriber[] }>
  | Readonly<{ type: 'register' | 'unregister'; userId: UserId }>
  /** The users' memberships begin or end by an event. The same event may cause it more than once. */
  | Readonly<{ type: 'membersChanged'; userIds: readonly UserId[] }>
  | Readonly<{ type: 'repairGap'; chat: ServedChat }>
  /** Starts the timer anew if it runs. */
  | Readonly<{ type: 'startTypingTimer' | 'stopTypingTimer'; chat: ServedChat; userId: UserId }>

/** The shortest time between two deliveries that a member is typing, in milliseconds. Half of the promised 4 s. */
export const TYPING_REPEAT_MS = 2_000

/** The state that a transition changes, and the effects that it has collected. */
export type Step = Readonly<{ state: HubState; effects: HubEffect[] }>

/** Delivers an event in its turn, also to the users that it adds or removes. */
export function deliverEvent(step: Step, chat: ServedChat, event: ChatEvent): void {
  const { state } = step
  if (changesMembers(event)) chat.membersSeq = event.seq
  for (const userId of event.joined) {
    const user = state.user(userId)
    if (user !== undefined) state.link(user, chat)
  }
  deliver(step, chat, event)
  if (event.type === 'MessageSent') stopTyping(step, chat, event.actorId)
  if (event.type === 'MemberRemoved') endMembership(step, chat, event.userId, event.seq)
  if (event.type !== 'ChatDeleted') return
  for (const { id } of Array.from(chat.members)) endMembership(step, chat, id, event.seq)
}

function endMembership(step: Step, chat: ServedChat, userId: UserId, seq: Seq): void {
  const user = step.state.user(userId)
  if (user !== undefined) {
    step.state.unlink(user, chat)
    step.state.recordLeft(user, chat.id, seq)
  }
  // Also if the user is on another gateway only.
  stopTyping(step, chat, userId)
}

/** Delivers a receipt if it is news, or typing if it is news or due to be repeated. */
export function receiveSignal(step: Step, signal: Signal, nowMs: number): void {
  if (signal.type === 'ReceiptAdvanced') return receiveReceipt(step, signal)
  const chat = step.state.chat(signal.chatId)
  if (chat === undefined) return
  if (signal.typing) startTyping(step, chat, signal, nowMs)
  else stopTyping(step, chat, signal.userId)
}

function receiveReceipt(step: Step, receipt: ReceiptAdvanced): void {
  const { state } = step
  const chat = state.chat(receipt.chatId)
  // A user's own devices get their receipts in chats that they have left as well, which are not served for them.
  const own = isForActorAlone(receipt) ? subscribersOf(state.user(receipt.userId)) : undefined
  if (own === undefined ? chat === undefined : own.length === 0) return
  const news = state.receipts.advance(receipt)
  if (news === undefined) return
  if (own !== undefined) push(step, own, news)
  else if (chat !== undefined) deliver(step, chat, news)
}

/** The typing timer has run out: the member has stopped. */
export function endTyping(step: Step, chat: ServedChat, userId: UserId): void {
  if (chat.typingDeliveredMs.delete(userId)) deliver(step, chat, typingChanged(chat, userId))
}

/**
 * Receivers hide a typing member 6 s after the last delivery, so a report of a member who goes on typing is delivered
 * again. A report that comes within `TYPING_REPEAT_MS` of a delivery is not. So apps that report at least every 4 s are
 * repeated at least every 4 s, and apps that report every keystroke are not repeated at each.
 */
function startTyping(step: Step, chat: ServedChat, signal: TypingChanged, nowMs: number): void {
  const { userId } = signal
  step.effects.push({ type: 'startTypingTimer', chat, userId })
  const deliveredMs = chat.typingDeliveredMs.get(userId) ?? -Infinity
  if (nowMs - deliveredMs < TYPING_REPEAT_MS) return
  chat.typingDeliveredMs.set(userId, nowMs)
  deliver(step, chat, signal)
}

function stopTyping(step: Step, chat: ServedChat, userId: UserId): void {
  if (chat.typingDeliveredMs.has(userId)) step.effects.push({ type: 'stopTypingTimer', chat, userId })
  endTyping(step, chat, userId)
}

function deliver(step: Step, chat: ServedChat, item: LiveItem): void {
  const to: LiveSubscriber[] = []
  const onlyTo = item.type === 'ReceiptAdvanced' ? item.onlyTo : undefined
  const sender = item.type === 'TypingChanged' ? item.userId : undefined
  for (const user of namedMembers(step.state, chat, onlyTo)) {
    if (user.id !== sender) addSubscribersOf(user, to)
  }
  for (const subscriber of chat.subscribers) {
    const isRecipient = subscriber.userId !== sender && (onlyTo?.includes(subscriber.userId) ?? true)
    if (isRecipient) to.push(subscriber)
  }
  push(step, to, item)
}

function namedMembers(
  state: HubState,
  { members }: ServedChat,
  userIds: readonly UserId[] | undefined,
): Iterable<LocalUser> {
  if (userIds === undefined) return members
  return userIds
    .map((userId) => state.user(userId))
    .filter((user) => user !== undefined)
    .filter((user) => members.has(user))
}

function push({ effects }: Step, to: readonly LiveSubscriber[], item: LiveItem): void {
  if (to.length > 0) effects.push({ type: 'push', to, item })
}

function subscribersOf(user: LocalUser | undefined): readonly LiveSubscriber[] {
  const subscribers: LiveSubscriber[] = []
  if (user !== undefined) addSubscribersOf(user, subscribers)
  return subscribers
}

export function addSubscribersOf(user: LocalUser, to: LiveSubscriber[]): void {
  for (const { key: subscriber, value: phase } of user.subscribers) {
    if (phase !== 'tracking') to.push(subscriber)
  }
}

/** Restarts the streams that believe to have all chats of their user. */
export function restartLoaded({ effects }: Step, { subscribers }: LocalUser): void {
  const loaded = [...subscribers].filter(({ value }) => value === 'loaded').map(({ key }) => key)
  if (loaded.length > 0) effects.push({ type: 'restart', subscribers: loaded })
}

export function stopTypingTimers({ effects }: Step, chat: ServedChat): void {
  for (const userId of chat.typingDeliveredMs.keys()) effects.push({ type: 'stopTypingTimer', chat, userId })
  chat.typingDeliveredMs.clear()
}

function typingChanged({ id }: ServedChat, userId: UserId): TypingChanged {
  return { type: 'TypingChanged', chatId: id, userId, typing: false }
}
