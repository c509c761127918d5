import type { ChatEvent } from '../events/chat-event.ts'
import type { LogRange } from '../chats/log-rows.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createGapRepair } from './gap-repair.ts'
import type { LiveSubscriber, Signal } from '../events/signal.ts'
import type { MembershipHead } from './membership-store.ts'
import { newAndFormerMembers } from './addressing.ts'
import { createLocalUsers, type Subscription, type Dispose } from './local-users.ts'
import { createServedChats, type ServedChat } from './served-chats.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'

/** A chat as it was read for one of its present members: all of it is of one moment, in which the log ended there. */
export type MembershipSnapshot = Readonly<{
  chatId: ChatId
  joinedSeq: Seq
  headSeq: Seq
  /** The last entry that has left the log by then. */
  floorSeq: Seq
}>

/** A chat as it was read for somebody who was a member until then. */
export type PastMembership = Readonly<{ chatId: ChatId; leftSeq: Seq }>

/** The people who are connected to this gateway, and the order in which they hear of things. */
export type Hub = Readonly<{
  /** From now on the listener hears of every chat that its person is served, see `serve`. */
  subscribe(listener: LiveSubscriber): Subscription
  /**
   * Serves a chat to a person who has joined. Answers with the last event that was passed on here already: everything
   * beyond it will be pushed, nothing up to it. `outdated`: who is in the chat has changed since it was read, so
   * nothing was done, and it has to be read again.
   */
  addMembership(userId: UserId, chat: MembershipSnapshot): Seq | 'stale'
  /**
   * Takes note that a person who has joined has left a chat. Answers with the last event of it that was passed on here;
   * undefined where nobody hears of it. Its end may yet be pushed to them.
   */
  endMembership(userId: UserId, chat: PastMembership): Seq | undefined
  /** As `serve`, for a listener that hears of this one chat, which its person may have left. */
  subscribeToChat(
    listener: LiveSubscriber,
    chat: Omit<MembershipSnapshot, 'joinedSeq' | 'floorSeq'>,
  ): Readonly<{ lastSeq: Seq; dispose: Dispose }> | 'stale'
  /** From now on this gateway hears of it when this person is let into a chat or removed from one. */
  trackUser(userId: UserId): Subscription
  /** Passes committed events on, each chat's in order of seq, each once, whatever order they come in. */
  deliver(events: readonly ChatEvent[]): void
  /** Passes receipts and typing on to the members of their chats. */
  deliverSignals(signals: readonly Signal[]): void
  /** Everybody with a live stream here. */
  userIds(): Iterable<UserId>
  /**
   * Takes note of how far logs reach. What was not passed on yet is read and passed on, also from chats that a person
   * here should have been let into, and was not, because that wake-up was lost; and also where they were removed by
   * what was lost, up to there.
   */
  reconcile(heads: readonly MembershipHead[]): void
  /** Stops reading holes. */
  close(): void
}>

type Dependencies = Readonly<{
  readLog(stretch: LogRange): Promise<readonly ChatEvent[]>
  /** The last entry that has left a chat's log; 0 where none has. */
  logFloor(chatId: ChatId): Promise<Seq>
  /** These people were let into a chat or removed from one. May be told more than once. */
  onMembersChanged(userIds: readonly UserId[]): void
  sessions: Pick<SessionRegistry, 'register' | 'unregister'>
  metrics: Pick<Metrics, 'gaps'>
  logger: Logger
}>

/*
 * Membership here is a matter of the log: a person is added to a chat when the event that lets them in is passed on,
 * and dropped when the one that removes them is. Since a feed passes events on in order, nobody ever hears of
 * anything outside their time, however late or mixed up the events come in.
 *
 * Whoever comes is the exception: that they are a member was read from the database, when the log ended at some seq,
 * while the feed may be elsewhere. Where the feed is ahead and has passed on a change of members beyond that seq, the
 * person may be the one who was removed: what was read counts for nothing then, and is read again. Where the feed is
 * behind the event that let them in, that event is still to come, and lets them in.
 */
export function createHub(dependencies: Dependencies): Hub {
  const { readLog, logFloor, onMembersChanged, sessions, metrics, logger } = dependencies
  const people = createLocalUsers({ sessions, onGone: leaveAll })
  const chats = createServedChats(people)
  const repairing = new Set<ServedChat>()
  const closed = new AbortController()
  const fill = createGapRepair({ readLog, logFloor, metrics, logger, signal: closed.signal })

  function leaveAll(userId: UserId, chatIds: ReadonlySet<ChatId>): void {
    for (const chatId of chatIds) {
      const chat = chats.get(chatId)
      if (chat === undefined) continue
      chats.drop(chat, userId)
      chats.releaseIfUnheard(chat)
    }
  }

  function serve(
    userId: UserId,
    { chatId, joinedSeq, headSeq, floorSeq }: MembershipSnapshot,
  ): Seq | 'stale' {
    if (!people.isHere(userId)) return headSeq
    if (chats.isStale(chatId, headSeq)) return 'stale'
    // Their other streams here have heard nothing of the chat yet: for them it begins where they were let in, if the
    // log still has that.
    const beginsThere = people.hasSettled(userId) && joinedSeq > floorSeq
    const chat = chats.open(chatId, beginsThere ? joinedSeq - 1 : headSeq)
    chat.feed.expect(headSeq)
    if (joinedSeq <= chat.feed.lastSeq) {
      startOverIfLate(chat, userId)
      chats.letIn(chat, userId)
    }
    repairHole(chat)
    return chat.feed.lastSeq
  }

  /** Who is served the chat here, or has been here for longer, may not know of it: then it is found to be owed to them. */
  function part(userId: UserId, { chatId, leftSeq }: PastMembership): Seq | undefined {
    const chat = chats.get(chatId)
    if (chat?.userIds.has(userId) === true) {
      chat.feed.expect(leftSeq)
      repairHole(chat)
    } else if (!people.hasSettled(userId)) people.part(userId, chatId, leftSeq)
    return chat?.feed.lastSeq
  }

  function follow(userId: UserId): Subscription {
    return people.join({ userId, push: () => undefined, restart: () => undefined }, 'watching')
  }

  function watch(
    listener: LiveSubscriber,
    { chatId, headSeq }: Omit<MembershipSnapshot, 'joinedSeq' | 'floorSeq'>,
  ): { lastSeq: Seq; dispose: Dispose } | 'stale' {
    if (chats.isStale(chatId, headSeq)) return 'stale'
    const chat = chats.open(chatId, headSeq)
    chat.watchers.add(listener)
    repairHole(chat)
    const person = follow(listener.userId)
    const dispose = (): void => {
      person.dispose()
      chat.watchers.delete(listener)
      chats.releaseIfUnheard(chat)
    }
    return { lastSeq: chat.feed.lastSeq, dispose }
  }

  /**
   * The feed of a chat begins where somebody's log ended who came here. It may begin beyond the event that lets somebody
   * else in, who is here already and was not told yet, since that wake-up was still on its way, or lost. The feed does
   * not go back for them, so their streams, which believe that they were served everything, have to start over.
   */
  function startOverIfLate(chat: ServedChat, userId: UserId): void {
    if (!chat.userIds.has(userId)) people.startOver(userId)
  }

  function publish(events: readonly ChatEvent[]): void {
    for (const event of events) {
      noteMembers(event)
      const late = chats.get(event.chatId)
      if (late !== undefined && event.seq <= late.openedSeq) {
        for (const userId of event.joined) startOverIfLate(late, userId)
      }
      const chat = chats.get(event.chatId) ?? openFor(event)
      if (chat === undefined) chats.noteUnheard(event)
      else take(chat, [event])
      if (chat !== undefined) repairHole(chat)
    }
  }

  function noteMembers(event: ChatEvent): void {
    const userIds = newAndFormerMembers(event)
    if (userIds.length > 0) onMembersChanged(userIds)
  }

  /** The event that lets somebody here in makes the chat heard of. */
  function openFor({ chatId, seq, joined }: ChatEvent): ServedChat | undefined {
    return joined.some(people.isHere) ? chats.open(chatId, seq - 1) : undefined
  }

  /**
   * Released only at the end: who leaves by one event may be the last, and someone else join by the next. And not while
   * nothing could be passed on: whoever makes this chat be read may be let in by what is still missing.
   */
  function take(chat: ServedChat, events: readonly ChatEvent[]): void {
    const ready = events.flatMap((event) => chat.feed.offer(event))
    for (const event of ready) chats.passOn(chat, event)
    if (ready.length > 0) chats.releaseIfUnheard(chat)
  }

  function repairHole(chat: ServedChat): void {
    if (chat.feed.gap === undefined || repairing.has(chat)) return
    repairing.add(chat)
    void repair(chat)
  }

  async function repair(chat: ServedChat): Promise<void> {
    const { chatId, feed } = chat
    const isWanted = (): boolean => chats.get(chatId) === chat
    await fill({
      chatId,
      feed,
      isWanted,
      take(events) {
        for (const event of events) noteMembers(event)
        take(chat, events)
      },
      abandon: () => chats.abandon(chat),
    })
    repairing.delete(chat)
    chats.releaseIfUnheard(chat)
    // A hole that opened just when the last one was filled.
    if (isWanted() && !closed.signal.aborted) repairHole(chat)
  }

  function announce(signals: readonly Signal[]): void {
    for (const signal of signals) {
      const chat = chats.get(signal.chatId)
      if (isForOneself(signal)) people.tell(signal.userId, signal)
      else if (chat !== undefined) chats.signal(chat, signal)
    }
  }

  /**
   * Nobody is let in here: the log says who was let in, and when, and it is read from where they were. A time that is
   * known here to have ended was read a while ago, or is told to its end.
   */
  function reconcile(heads: readonly MembershipHead[]): void {
    for (const head of heads) {
      const { userId, chatId, joinedSeq, headSeq } = head
      if (joinedSeq <= people.partedSeq(userId, chatId)) continue
      const chat = chats.get(chatId) ?? openMissed(head)
      if (chat === undefined) continue
      if (joinedSeq <= chat.feed.lastSeq && isMissedBy(userId)) startOverIfLate(chat, userId)
      chat.feed.expect(headSeq)
      repairHole(chat)
    }
  }

  /** From where the person was let in; where the log does not have that any more, they come back and begin anew. */
  function openMissed({ userId, chatId, joinedSeq, floorSeq }: MembershipHead): ServedChat | undefined {
    if (!isMissedBy(userId)) return undefined
    if (joinedSeq > floorSeq) return chats.open(chatId, joinedSeq - 1)
    people.startOver(userId)
    return undefined
  }

  /** Whoever's chats are just being served is about to be served this one. */
  function isMissedBy(userId: UserId): boolean {
    return people.isHere(userId) && people.isSettled(userId)
  }

  return {
    subscribe: (listener) => people.join(listener, 'joining'),
    addMembership: serve,
    endMembership: part,
    subscribeToChat: watch,
    trackUser: follow,
    deliver: publish,
    deliverSignals: announce,
    userIds: people.ids,
    reconcile,
    close: () => closed.abort(),
  }
}

/** Of a chat that the person may have left, so that nobody here is served it for them. */
function isForOneself(signal: Signal): boolean {
  return (
    signal.type === 'ReceiptAdvanced' && signal.onlyTo?.length === 1 && signal.onlyTo[0] === signal.userId
  )
}
