import type { ChatEvent } from '../events/chat-event.ts'
import type { LiveSubscriber, Signal } from '../events/signal.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import { newAndFormerMembers } from './addressing.ts'
import {
  addSubscribersOf,
  deliverEvent,
  endTyping,
  type HubEffect,
  receiveSignal,
  restartLoaded,
  type Step,
  stopTypingTimers,
} from './hub-delivery.ts'
import type { HubState, LocalUser, ServedChat, SubscriberPhase } from './hub-state.ts'
import type { MembershipHead, MembershipSnapshot, PastMembership } from './membership-store.ts'

export type HubInput =
  | Readonly<{ type: 'subscribed'; subscriber: LiveSubscriber; phase: SubscriberPhase }>
  | Readonly<{ type: 'loaded'; subscriber: LiveSubscriber }>
  | Readonly<{ type: 'unsubscribed'; subscriber: LiveSubscriber }>
  | Readonly<{ type: 'chatSubscribed'; subscriber: LiveSubscriber; chatId: ChatId; headSeq: Seq }>
  | Readonly<{ type: 'chatUnsubscribed'; subscriber: LiveSubscriber; chatId: ChatId }>
  | Readonly<{ type: 'snapshotRejected'; chatId: ChatId }>
  | Readonly<{ type: 'membershipRead'; userId: UserId; snapshot: MembershipSnapshot }>
  | Readonly<{ type: 'pastMembershipRead'; userId: UserId; past: PastMembership }>
  | Readonly<{ type: 'headsRead'; heads: readonly MembershipHead[] }>
  | Readonly<{ type: 'events'; events: readonly ChatEvent[] }>
  | Readonly<{ type: 'signals'; signals: readonly Signal[]; nowMs: number }>
  | Readonly<{ type: 'typingTimedOut'; chat: ServedChat; userId: UserId }>
  | Readonly<{ type: 'gapRead'; chat: ServedChat; events: readonly ChatEvent[] }>
  | Readonly<{ type: 'gapNotInLog'; chat: ServedChat }>
  | Readonly<{ type: 'gapLeftLog'; chat: ServedChat }>
  | Readonly<{ type: 'repairEnded'; chat: ServedChat }>

/*
 * A chat on this gateway. All transitions into 'served' say after which seq its feed begins.
 *
 *                 a local member was read, an event adds one, a stream of the chat
 *                 begins, or a resync finds a member who is not served
 *               ┌──────────────────────────────────────────────────────┐
 *               │                                                      ▼    gap      repairing
 *           not served                                               served ──────▶ (events that
 *               ▲  ▲     the last member and subscriber are gone       │    ◀──────  come, wait)
 *               │  └───────────────────────────────────────────────────┘   gap read,     │
 *               │                                                          or not in log │
 *               └────────────────────────────────────────────────────────────────────────┘
 *                    the gap has left the log: all streams of the chat restart
 *
 * A subscriber: subscribed ──▶ loading ──loaded──▶ loaded ──unsubscribed──▶ gone. Streams of one chat are 'tracking'.
 *
 * Membership follows the log. A user is linked to a chat when the event that adds them is delivered, and unlinked after
 * the event that removes them. A feed delivers in order, so a user never receives an event outside their membership.
 *
 * A new stream is the exception: its memberships were read from the database, when the log ended at some seq. If the
 * feed has delivered a later membership change, the snapshot is stale, since it may be this user who was removed. The
 * hub rejects it, and the caller reads again. If the feed is behind the event that adds the user, that event links
 * them when it comes.
 *
 * Changes `state` in place and returns the effects. A copy per event would cost too much: every event takes this way.
 */
export function applyInput(state: HubState, input: HubInput): readonly HubEffect[] {
  const step: Step = { state, effects: [] }
  dispatch(step, input)
  return step.effects
}

function dispatch(step: Step, input: HubInput): void {
  switch (input.type) {
    case 'subscribed':
      return addSubscriber(step, input.subscriber, input.phase)
    case 'loaded': {
      const subscribers = step.state.user(input.subscriber.userId)?.subscribers
      if (subscribers?.has(input.subscriber) === true) subscribers.set(input.subscriber, 'loaded')
      return
    }
    case 'unsubscribed':
      return removeSubscriber(step, input.subscriber)
    case 'chatSubscribed': {
      const chat = step.state.openChat(input.chatId, input.headSeq)
      chat.subscribers.add(input.subscriber)
      return repairGap(step, chat)
    }
    case 'chatUnsubscribed': {
      const chat = step.state.chat(input.chatId)
      if (chat?.subscribers.delete(input.subscriber) === true) retireIfUnused(step, chat)
      return
    }
    case 'snapshotRejected':
      return step.state.forgetTail(input.chatId)
    case 'membershipRead':
      return addMembership(step, input.userId, input.snapshot)
    case 'pastMembershipRead':
      return endMembership(step, input.userId, input.past)
    case 'headsRead':
      for (const head of input.heads) reconcile(step, head)
      return
    case 'events':
      for (const event of input.events) receiveEvent(step, event)
      return
    case 'signals':
      for (const signal of input.signals) receiveSignal(step, signal, input.nowMs)
      return
    case 'typingTimedOut':
      return endTyping(step, input.chat, input.userId)
    case 'gapRead':
      if (step.state.isServed(input.chat)) fillGap(step, input.chat, input.events)
      return
    case 'gapNotInLog':
      return input.chat.feed.discardPending()
    case 'gapLeftLog':
      if (step.state.isServed(input.chat)) abandonChat(step, input.chat)
      return
    case 'repairEnded':
      return endRepair(step, input.chat)
    default:
      input satisfies never
  }
}

function addSubscriber({ state, effects }: Step, subscriber: LiveSubscriber, phase: SubscriberPhase): void {
  const { userId } = subscriber
  const known = state.user(userId)
  if (known === undefined) effects.push({ type: 'register', userId })
  const user = known ?? state.addUser(userId)
  user.subscribers.set(subscriber, phase)
}

function removeSubscriber(step: Step, subscriber: LiveSubscriber): void {
  const { state, effects } = step
  const user = state.user(subscriber.userId)
  if (user?.subscribers.delete(subscriber) !== true || user.subscribers.size > 0) return
  state.removeUser(user)
  effects.push({ type: 'unregister', userId: user.id })
  for (const chat of user.chats ?? []) {
    state.unlink(user, chat)
    retireIfUnused(step, chat)
  }
}

function addMembership(step: Step, userId: UserId, snapshot: MembershipSnapshot): void {
  const { state } = step
  const { chatId, joinedSeq, headSeq, floorSeq } = snapshot
  const user = state.user(userId)
  if (user === undefined) return
  // The user's other streams here have received nothing of the chat yet: for them it begins with the membership, if
  // the log still has that event.
  const beginsWithMembership = hasLoaded(user) && joinedSeq > floorSeq
  const chat = state.openChat(chatId, beginsWithMembership ? joinedSeq - 1 : headSeq)
  chat.feed.expect(headSeq)
  if (joinedSeq <= chat.feed.lastSeq) {
    restartIfUnlinked(step, chat, user)
    state.link(user, chat)
  }
  repairGap(step, chat)
}

/**
 * If the user is served the chat, the event that removes them is still to be delivered. If they have loaded streams
 * here, those may lack the whole membership: a resync finds that.
 */
function endMembership(step: Step, userId: UserId, { chatId, leftSeq }: PastMembership): void {
  const user = step.state.user(userId)
  if (user === undefined) return
  const chat = step.state.chat(chatId)
  if (chat?.members.has(user) === true) {
    chat.feed.expect(leftSeq)
    repairGap(step, chat)
  } else if (!hasLoaded(user)) {
    step.state.recordLeft(user, chatId, leftSeq)
  }
}

/**
 * Links no user: the log says who was added and when, and is read from there. A membership whose end is known here
 * either was read long ago, or is being delivered to its end.
 */
function reconcile(step: Step, head: MembershipHead): void {
  const user = step.state.user(head.userId)
  if (head.joinedSeq <= (user?.leftSeqs?.get(head.chatId) ?? 0)) return
  const isMissed = user !== undefined && isFullyLoaded(user)
  const chat = step.state.chat(head.chatId) ?? (isMissed ? openMissedChat(step, user, head) : undefined)
  if (chat === undefined) return
  if (isMissed && head.joinedSeq <= chat.feed.lastSeq) restartIfUnlinked(step, chat, user)
  chat.feed.expect(head.headSeq)
  repairGap(step, chat)
}

/** Serves the chat from the event that added the user. If the log no longer has it, their streams restart. */
function openMissedChat(
  step: Step,
  user: LocalUser,
  { chatId, joinedSeq, floorSeq }: MembershipHead,
): ServedChat | undefined {
  if (joinedSeq > floorSeq) return step.state.openChat(chatId, joinedSeq - 1)
  restartLoaded(step, user)
  return undefined
}

function receiveEvent(step: Step, event: ChatEvent): void {
  const { state } = step
  reportMembers(step, event)
  const served = state.chat(event.chatId)
  if (served !== undefined && event.seq <= served.openedSeq) {
    for (const userId of event.joined) {
      const user = state.user(userId)
      if (user !== undefined) restartIfUnlinked(step, served, user)
    }
  }
  const chat = served ?? openAddedChat(state, event)
  if (chat === undefined) return state.observeUnserved(event)
  deliverReady(step, chat, chat.feed.offer(event))
  repairGap(step, chat)
}

/** Serves the chat if the event adds a local user to it. */
function openAddedChat(state: HubState, { chatId, seq, joined }: ChatEvent): ServedChat | undefined {
  return joined.some((userId) => state.user(userId) !== undefined)
    ? state.openChat(chatId, seq - 1)
    : undefined
}

function fillGap(step: Step, chat: ServedChat, events: readonly ChatEvent[]): void {
  for (const event of events) reportMembers(step, event)
  const ready = events.flatMap((event) => chat.feed.offer(event))
  deliverReady(step, chat, ready)
}

/**
 * Retires the chat only after all events, since one may remove the last local member and the next add another. And not
 * if nothing was delivered: the chat may have been opened for a user who is added by a missing event.
 */
function deliverReady(step: Step, chat: ServedChat, ready: readonly ChatEvent[]): void {
  for (const event of ready) deliverEvent(step, chat, event)
  if (ready.length > 0) retireIfUnused(step, chat)
}

function reportMembers({ effects }: Step, event: ChatEvent): void {
  const userIds = newAndFormerMembers(event)
  if (userIds.length > 0) effects.push({ type: 'membersChanged', userIds })
}

/**
 * A feed begins where the log ended for the first local stream. That may be after the event that adds another local
 * user, if that event was delayed or lost. The feed does not go back, and the user's loaded streams lack the chat
 * without knowing it: they have to restart.
 */
function restartIfUnlinked(step: Step, chat: ServedChat, user: LocalUser): void {
  if (!chat.members.has(user)) restartLoaded(step, user)
}

function repairGap({ effects }: Step, chat: ServedChat): void {
  if (chat.isRepairing || chat.feed.gap === undefined) return
  chat.isRepairing = true
  effects.push({ type: 'repairGap', chat })
}

function endRepair(step: Step, chat: ServedChat): void {
  chat.isRepairing = false
  retireIfUnused(step, chat)
  // Another gap may have opened just when the last one was filled.
  if (step.state.isServed(chat)) repairGap(step, chat)
}

function retireIfUnused(step: Step, chat: ServedChat): void {
  if (chat.members.size > 0 || chat.subscribers.size > 0 || !step.state.isServed(chat)) return
  step.state.retireChat(chat)
  stopTypingTimers(step, chat)
}

/**
 * The missing events have left the log, and membership changes may be among them, so the members are not known any
 * more. All streams restart, and are served the chat as it is by then.
 */
function abandonChat(step: Step, chat: ServedChat): void {
  const { state, effects } = step
  state.removeChat(chat)
  stopTypingTimers(step, chat)
  const subscribers = [...chat.subscribers]
  for (const user of chat.members) {
    state.unlink(user, chat)
    addSubscribersOf(user, subscribers)
  }
  effects.push({ type: 'restart', subscribers })
}

function hasLoaded({ subscribers }: LocalUser): boolean {
  for (const phase of subscribers.values()) if (phase === 'loaded') return true
  return false
}

/** A user with a loading stream may be about to be served a chat that is missing. */
function isFullyLoaded(user: LocalUser): boolean {
  for (const phase of user.subscribers.values()) if (phase === 'loading') return false
  return hasLoaded(user)
}
