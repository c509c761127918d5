import type { ChatEvent } from '../chats/chat-event.ts'
import type { LogStretch } from '../chats/chat-log.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { ChatFeed } from './chat-feed.ts'
import { createHoleRepair } from './hole-repair.ts'
import type { KnownHead } from './membership-store.ts'
import type { Listener, LiveItem, ReceiptAdvanced } from './live.ts'
import type { SessionRegistry } from './session-registry.ts'

/** Ends a listener's part; calling it again does nothing. */
export type Leave = () => void

/** The people who are connected to this gateway, and the order in which they hear of things. */
export type Hub = Readonly<{
  /** From now on the listener hears of every chat that its person is served, see `serve`. */
  join(listener: Listener): Joined
  /**
   * Serves a chat to a person who has joined: `headSeq` is the end of its log as read from the database. Answers
   * with the last event that was passed on here already: everything beyond it will be pushed, nothing up to it.
   */
  serve(chatId: ChatId, userId: UserId, headSeq: Seq): Seq
  /** As `serve`, for a listener that hears of this one chat. */
  watch(chatId: ChatId, listener: Listener, headSeq: Seq): Readonly<{ lastSeq: Seq; leave: Leave }>
  /** Passes committed events on, each chat's in order of seq, each once, whatever order they come in. */
  publish(events: readonly ChatEvent[]): void
  /** Passes receipts on to the members of their chats. */
  announce(receipts: readonly ReceiptAdvanced[]): void
  /** Everybody with a live stream here. */
  people(): Iterable<UserId>
  /**
   * Takes note of how far logs reach. What was not passed on yet is read and passed on, also from chats that a person
   * here should have been let into, and was not, because that wake-up was lost.
   */
  reconcile(heads: readonly KnownHead[]): void
  /** Stops reading holes. */
  close(): void
}>

/** A listener's part. */
export type Joined = Readonly<{
  /** Resolves when other gateways can know that its person is here; what was committed before that must be read. */
  attached: Promise<void>
  /** Its person is served all chats that they are in by now: what comes later is for the hub to find. */
  settle(): void
  leave: Leave
}>

type Dependencies = Readonly<{
  readLog(stretch: LogStretch): Promise<readonly ChatEvent[]>
  /** Is told when somebody's first live stream here begins, and when their last one ends. */
  sessions: Pick<SessionRegistry, 'attach' | 'detach'>
  metrics: Pick<Metrics, 'holes'>
  logger: Logger
}>

/** Somebody with at least one live stream here, and the chats that are passed on to them. */
type Person = Readonly<{
  listeners: Map<Listener, ListenerState>
  chatIds: Set<ChatId>
  attached: Promise<void>
}>

/** Whether a listener's chats are still being served to it, are, or are none of its business. */
type ListenerState = 'joining' | 'settled' | 'watching'

/** A chat with somebody here who hears of it. `userIds` are its members as of the feed's last event. */
type ServedChat = Readonly<{
  chatId: ChatId
  feed: ChatFeed
  userIds: Set<UserId>
  watchers: Set<Listener>
}>

/** As many chats that nobody here hears of are remembered by the end of their logs. */
const MAX_UNHEARD = 10_000

/**
 * Membership here is a matter of the log: a person is added to a chat when the event that lets them in is passed on,
 * and dropped when the one that removes them is. Since a feed passes events on in order, nobody ever hears of
 * anything outside their time, however late or mixed up the events come in.
 */
export function createHub({ readLog, sessions, metrics, logger }: Dependencies): Hub {
  const people = new Map<UserId, Person>()
  const chats = new Map<ChatId, ServedChat>()
  const repairing = new Set<ServedChat>()
  const closed = new AbortController()
  const fill = createHoleRepair({ readLog, metrics, logger, signal: closed.signal })
  /** How far the logs of chats reached that nobody here heard of when something was said in them. */
  const unheard = new Map<ChatId, Seq>()

  function join(listener: Listener, state: ListenerState = 'joining'): Joined {
    const person = people.get(listener.userId) ?? arrive(listener.userId)
    person.listeners.set(listener, state)
    const leave = (): void => {
      const wasThere = person.listeners.delete(listener)
      if (wasThere && person.listeners.size === 0) forget(listener.userId, person)
    }
    const settle = (): void =>
      void (person.listeners.has(listener) && person.listeners.set(listener, 'settled'))
    return { attached: person.attached, settle, leave }
  }

  function arrive(userId: UserId): Person {
    const person: Person = { listeners: new Map(), chatIds: new Set(), attached: sessions.attach(userId) }
    people.set(userId, person)
    return person
  }

  function forget(userId: UserId, person: Person): void {
    people.delete(userId)
    sessions.detach(userId)
    for (const chatId of person.chatIds) {
      const chat = chats.get(chatId)
      if (chat === undefined) continue
      drop(chat, userId)
      releaseIfUnheard(chat)
    }
  }

  function drop(chat: ServedChat, userId: UserId): void {
    people.get(userId)?.chatIds.delete(chat.chatId)
    chat.userIds.delete(userId)
  }

  function releaseIfUnheard(chat: ServedChat): void {
    const isHeard = chat.userIds.size > 0 || chat.watchers.size > 0
    if (!isHeard && chats.get(chat.chatId) === chat) chats.delete(chat.chatId)
  }

  function servedChat(chatId: ChatId, headSeq: Seq): ServedChat {
    const known = chats.get(chatId)
    if (known !== undefined) {
      known.feed.expect(headSeq)
      repairHole(known)
      return known
    }
    const chat = {
      chatId,
      feed: new ChatFeed(headSeq),
      userIds: new Set<UserId>(),
      watchers: new Set<Listener>(),
    }
    chats.set(chatId, chat)
    chat.feed.expect(unheard.get(chatId) ?? 0)
    unheard.delete(chatId)
    return chat
  }

  function serve(chatId: ChatId, userId: UserId, headSeq: Seq): Seq {
    const person = people.get(userId)
    if (person === undefined) return headSeq
    const chat = servedChat(chatId, headSeq)
    chat.userIds.add(userId)
    person.chatIds.add(chatId)
    return chat.feed.lastSeq
  }

  function watch(chatId: ChatId, listener: Listener, headSeq: Seq): { lastSeq: Seq; leave: Leave } {
    const chat = servedChat(chatId, headSeq)
    chat.watchers.add(listener)
    const { leave: leavePerson } = join({ userId: listener.userId, push: () => undefined }, 'watching')
    const leave = (): void => {
      leavePerson()
      chat.watchers.delete(listener)
      releaseIfUnheard(chat)
    }
    return { lastSeq: chat.feed.lastSeq, leave }
  }

  function publish(events: readonly ChatEvent[]): void {
    for (const event of events) {
      const isLetIn = event.joined.some((userId) => people.has(userId))
      const chat = chats.get(event.chatId) ?? (isLetIn ? servedChat(event.chatId, event.seq - 1) : undefined)
      if (chat === undefined) noteUnheard(event)
      else take(chat, [event])
      if (chat !== undefined) repairHole(chat)
    }
  }

  /** The event that lets somebody here in may come after one that follows it: then that one is not to be forgotten. */
  function noteUnheard({ chatId, seq }: ChatEvent): void {
    unheard.delete(chatId)
    unheard.set(chatId, seq)
    const [oldest] = unheard.keys()
    if (unheard.size > MAX_UNHEARD && oldest !== undefined) unheard.delete(oldest)
  }

  /**
   * Released only at the end: who leaves by one event may be the last, and someone else join by the next. And not while
   * nothing could be passed on: whoever makes this chat be read may be let in by what is still missing.
   */
  function take(chat: ServedChat, events: readonly ChatEvent[]): void {
    const ready = events.flatMap((event) => chat.feed.offer(event))
    for (const event of ready) passOn(chat, event)
    if (ready.length > 0) releaseIfUnheard(chat)
  }

  function passOn(chat: ServedChat, event: ChatEvent): void {
    for (const userId of event.joined) letIn(chat, userId)
    tell(chat, event)
    if (event.type === 'MemberRemoved') drop(chat, event.userId)
  }

  function letIn(chat: ServedChat, userId: UserId): void {
    const person = people.get(userId)
    if (person === undefined) return
    person.chatIds.add(chat.chatId)
    chat.userIds.add(userId)
  }

  function tell(chat: ServedChat, item: LiveItem): void {
    for (const userId of chat.userIds) {
      for (const listener of people.get(userId)?.listeners.keys() ?? []) listener.push(item)
    }
    for (const watcher of chat.watchers) watcher.push(item)
  }

  function repairHole(chat: ServedChat): void {
    if (chat.feed.hole === undefined || repairing.has(chat)) return
    repairing.add(chat)
    void repair(chat)
  }

  async function repair(chat: ServedChat): Promise<void> {
    const { chatId, feed } = chat
    const isWanted = (): boolean => chats.get(chatId) === chat
    await fill({ chatId, feed, isWanted, take: (events) => take(chat, events) })
    repairing.delete(chat)
    releaseIfUnheard(chat)
    // A hole that opened just when the last one was filled.
    if (isWanted() && !closed.signal.aborted) repairHole(chat)
  }

  function announce(receipts: readonly ReceiptAdvanced[]): void {
    for (const receipt of receipts) {
      const chat = chats.get(receipt.chatId)
      if (chat !== undefined) tell(chat, receipt)
    }
  }

  /** Nobody is let in here: the log says who was let in, and when, and it is read from where they were. */
  function reconcile(heads: readonly KnownHead[]): void {
    for (const { userId, chatId, joinedSeq, headSeq } of heads) {
      const person = people.get(userId)
      const served =
        chats.get(chatId) ?? (isMissedBy(person, chatId) ? servedChat(chatId, joinedSeq - 1) : undefined)
      if (served === undefined) continue
      served.feed.expect(headSeq)
      repairHole(served)
    }
  }

  return {
    join: (listener) => join(listener),
    serve,
    watch,
    publish,
    announce,
    people: () => people.keys(),
    reconcile,
    close: () => closed.abort(),
  }
}

/** Whether the person should have been let into the chat: one whose chats are just being served is about to be. */
function isMissedBy(person: Person | undefined, chatId: ChatId): boolean {
  if (person === undefined || person.chatIds.has(chatId)) return false
  const states = new Set(person.listeners.values())
  return states.has('settled') && !states.has('joining')
}
