import type { LogRange } from '../chats/log-rows.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { LiveSubscriber, Signal } from '../events/signal.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import { elapsedMs } from '../lib/clock.ts'
import type { Dispose } from '../lib/dispose.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createGapRepair } from './gap-repair.ts'
import { HubState, type ServedChat, type SubscriberPhase } from './hub-state.ts'
import type { HubEffect } from './hub-delivery.ts'
import { type HubInput, applyInput } from './hub-transition.ts'
import type { MembershipHead, MembershipSnapshot, PastMembership } from './membership-store.ts'
import { TypingTimers } from './typing-timers.ts'

/** A stream's subscription to everything that is delivered to its user. */
export type Subscription = Readonly<{
  /** Resolves when other gateways can find the user here. Whatever was committed before must be read from the log. */
  registered: Promise<void>
  /** All memberships of the user were added. From now on the hub finds chats that the stream lacks. */
  markLoaded(): void
  dispose: Dispose
}>

/** A stream's subscription to one chat. `lastSeq` is the last event that was delivered before. */
export type ChatSubscription = Readonly<{ lastSeq: Seq; dispose: Dispose }>

/**
 * Delivers events and signals to the live streams of this gateway: the events of each chat in order of seq, each once,
 * in whatever order and how often they arrive.
 */
export type Hub = Readonly<{
  /** From now on the stream receives the events of every chat that its user is served, see `addMembership`. */
  subscribe(subscriber: LiveSubscriber): Subscription
  /**
   * Serves a chat to a subscribed user. Returns the last event that was delivered here: later ones will be pushed,
   * earlier ones will not. Returns 'stale' and does nothing if the members have changed since the snapshot was read:
   * the caller has to read it again.
   */
  addMembership(userId: UserId, snapshot: MembershipSnapshot): Seq | 'stale'
  /**
   * The user is not a member of the chat any more. Returns the last event of it that was delivered here, or undefined
   * if it is not served. The end of the membership may still be pushed.
   */
  endMembership(userId: UserId, past: PastMembership): Seq | undefined
  /** As `addMembership`, for a stream of one chat, whose user may have left it. */
  subscribeToChat(
    subscriber: LiveSubscriber,
    snapshot: Pick<MembershipSnapshot, 'chatId' | 'headSeq'>,
  ): ChatSubscription | 'stale'
  /** From now on this gateway receives the events that begin or end the user's memberships. */
  trackUser(userId: UserId): Subscription
  /** Delivers committed events. */
  deliver(events: readonly ChatEvent[]): void
  /** Delivers receipts and typing. */
  deliverSignals(signals: readonly Signal[]): void
  /** The users with live streams here. */
  userIds(): Iterable<UserId>
  /**
   * Compares log heads that were read from the database with what was delivered, and repairs the gaps. Finds chats
   * whose `MemberAdded` was lost, and memberships whose end was lost.
   */
  reconcile(heads: readonly MembershipHead[]): void
  /** Stops repairing gaps. */
  close(): void
}>

type Dependencies = Readonly<{
  readLog(range: LogRange): Promise<readonly ChatEvent[]>
  /** The seq of the last event that has left a chat's log; 0 if none has. */
  logFloor(chatId: ChatId): Promise<Seq>
  /** Called when memberships of these users begin or end. May be called more than once for one event. */
  onMembersChanged(userIds: readonly UserId[]): void
  sessions: Pick<SessionRegistry, 'register' | 'unregister'>
  metrics: Pick<Metrics, 'gaps'>
  logger: Logger
}>

/** Shared by all subscriptions of a hub. */
type HubShared = Readonly<{
  registrations: ReadonlyMap<UserId, Promise<void>>
  dispatch(input: HubInput): void
}>

/** A class, because each open inbox keeps one: closures would take more memory. */
class HubSubscription implements Subscription {
  readonly #subscriber: LiveSubscriber
  readonly #hub: HubShared

  constructor(subscriber: LiveSubscriber, hub: HubShared) {
    this.#subscriber = subscriber
    this.#hub = hub
  }

  get registered(): Promise<void> {
    return this.#hub.registrations.get(this.#subscriber.userId) ?? Promise.resolve()
  }

  markLoaded(): void {
    this.#hub.dispatch({ type: 'loaded', subscriber: this.#subscriber })
  }

  dispose(): void {
    this.#hub.dispatch({ type: 'unsubscribed', subscriber: this.#subscriber })
  }
}

/** The shell around `transition`, which has the rules: feeds it inputs, and performs its effects in order. */
export function createHub(dependencies: Dependencies): Hub {
  const { readLog, logFloor, onMembersChanged, sessions, metrics, logger } = dependencies
  const state = new HubState()
  const registrations = new Map<UserId, Promise<void>>()
  const typingTimers = new TypingTimers((chat, userId) => dispatch({ type: 'typingTimedOut', chat, userId }))
  const closed = new AbortController()
  const repair = createGapRepair({ readLog, logFloor, metrics, logger, signal: closed.signal })

  function dispatch(input: HubInput): void {
    for (const effect of applyInput(state, input)) perform(effect)
  }

  const shared = { registrations, dispatch }

  function perform(effect: HubEffect): void {
    switch (effect.type) {
      case 'push':
        for (const subscriber of effect.to) subscriber.push(effect.item)
        return
      case 'restart':
        for (const subscriber of effect.subscribers) subscriber.restart()
        return
      case 'register':
        return void registrations.set(effect.userId, sessions.register(effect.userId))
      case 'unregister':
        registrations.delete(effect.userId)
        return sessions.unregister(effect.userId)
      case 'membersChanged':
        return onMembersChanged(effect.userIds)
      case 'repairGap':
        return void repairGap(effect.chat)
      case 'startTypingTimer':
        return typingTimers.start(effect.chat, effect.userId)
      case 'stopTypingTimer':
        return typingTimers.stop(effect.chat, effect.userId)
      default:
        effect satisfies never
    }
  }

  async function repairGap(chat: ServedChat): Promise<void> {
    if (closed.signal.aborted) return
    await repair({
      chatId: chat.id,
      gap: () => (state.isServed(chat) ? chat.feed.gap : undefined),
      onRead: (events) => dispatch({ type: 'gapRead', chat, events }),
      onNotInLog: () => dispatch({ type: 'gapNotInLog', chat }),
      onLeftLog: () => dispatch({ type: 'gapLeftLog', chat }),
    })
    dispatch({ type: 'repairEnded', chat })
  }

  function subscribe(subscriber: LiveSubscriber, phase: SubscriberPhase): Subscription {
    dispatch({ type: 'subscribed', subscriber, phase })
    return new HubSubscription(subscriber, shared)
  }

  function trackUser(userId: UserId): Subscription {
    return subscribe({ userId, push: () => undefined, restart: () => undefined }, 'tracking')
  }

  /** The next snapshot has the membership change that made this one stale. */
  function rejectIfStale({ chatId, headSeq }: Pick<MembershipSnapshot, 'chatId' | 'headSeq'>): boolean {
    const isStale = state.isStale(chatId, headSeq)
    if (isStale) dispatch({ type: 'snapshotRejected', chatId })
    return isStale
  }

  return {
    subscribe: (subscriber) => subscribe(subscriber, 'loading'),
    addMembership(userId, snapshot) {
      if (state.user(userId) === undefined) return snapshot.headSeq
      if (rejectIfStale(snapshot)) return 'stale'
      dispatch({ type: 'membershipRead', userId, snapshot })
      return state.chat(snapshot.chatId)?.feed.lastSeq ?? snapshot.headSeq
    },
    endMembership(userId, past) {
      dispatch({ type: 'pastMembershipRead', userId, past })
      return state.chat(past.chatId)?.feed.lastSeq
    },
    subscribeToChat(subscriber, snapshot) {
      if (rejectIfStale(snapshot)) return 'stale'
      const { chatId, headSeq } = snapshot
      dispatch({ type: 'chatSubscribed', subscriber, chatId, headSeq })
      const user = trackUser(subscriber.userId)
      const dispose = (): void => {
        user.dispose()
        dispatch({ type: 'chatUnsubscribed', subscriber, chatId })
      }
      return { lastSeq: state.chat(chatId)?.feed.lastSeq ?? headSeq, dispose }
    },
    trackUser,
    deliver: (events) => dispatch({ type: 'events', events }),
    deliverSignals: (signals) => dispatch({ type: 'signals', signals, nowMs: elapsedMs() }),
    userIds: () => state.userIds(),
    reconcile: (heads) => dispatch({ type: 'headsRead', heads }),
    close: () => closed.abort(),
  }
}
