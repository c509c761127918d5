import type { ChatId, Seq, UserId } from '../ids.ts'
import type { LiveSubscriber, LiveItem } from '../events/signal.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'

/** Ends a listener's part; calling it again does nothing. */
export type Dispose = () => void

/** A listener's part. */
export type Subscription = Readonly<{
  /** Resolves when other gateways can know that its person is here; what was committed before that must be read. */
  registered: Promise<void>
  /** Its person is served all chats that they are in by now: what comes later is for the hub to find. */
  markLoaded(): void
  dispose: Dispose
}>

/** Whether a listener's chats are still being served to it, are, or are none of its business. */
export type ListenerState = 'joining' | 'settled' | 'watching'

/** Whoever has a live stream on this gateway, and the chats that are passed on to them. */
export type LocalUsers = Readonly<{
  join(listener: LiveSubscriber, state: ListenerState): Subscription
  isHere(userId: UserId): boolean
  ids(): Iterable<UserId>
  /** The chats that somebody here is served; the hub keeps them in step with each chat's own list of people. */
  chatsOf(userId: UserId): Set<ChatId> | undefined
  /** Their time in the chat ended there, and none of their streams here is owed anything more of it. */
  part(userId: UserId, chatId: ChatId, leftSeq: Seq): void
  /** Where the last time of theirs ended of which no stream here is owed anything; 0 where none did. */
  partedSeq(userId: UserId, chatId: ChatId): Seq
  /** Tells every stream of theirs here. */
  tell(userId: UserId, item: LiveItem): void
  /** Whether some of their streams are. */
  hasSettled(userId: UserId): boolean
  /** Those streams have missed something that is past. */
  startOver(userId: UserId): void
  /** As `startOver`, those too whose chats are still being served. */
  startAllOver(userId: UserId): void
  /** Whether all of their streams are served what there was: a chat that they are in and are not served was missed. */
  isSettled(userId: UserId): boolean
}>

type Dependencies = Readonly<{
  /** Is told when somebody's first live stream here begins, and when their last one ends. */
  sessions: Pick<SessionRegistry, 'register' | 'unregister'>
  /** Somebody's last stream has ended; they were served these chats. */
  onGone(userId: UserId, chatIds: ReadonlySet<ChatId>): void
}>

type Person = Readonly<{
  listeners: Map<LiveSubscriber, ListenerState>
  chatIds: Set<ChatId>
  partedSeqs: Map<ChatId, Seq>
  attached: Promise<void>
}>

export function createLocalUsers({ sessions, onGone }: Dependencies): LocalUsers {
  const people = new Map<UserId, Person>()

  function arrive(userId: UserId): Person {
    const attached = sessions.register(userId)
    const person: Person = { listeners: new Map(), chatIds: new Set(), partedSeqs: new Map(), attached }
    people.set(userId, person)
    return person
  }

  function forget(userId: UserId, { chatIds }: Person): void {
    people.delete(userId)
    sessions.unregister(userId)
    onGone(userId, chatIds)
  }

  function join(listener: LiveSubscriber, state: ListenerState): Subscription {
    const person = people.get(listener.userId) ?? arrive(listener.userId)
    person.listeners.set(listener, state)
    const leave = (): void => {
      const wasThere = person.listeners.delete(listener)
      if (wasThere && person.listeners.size === 0) forget(listener.userId, person)
    }
    const settle = (): void =>
      void (person.listeners.has(listener) && person.listeners.set(listener, 'settled'))
    return { registered: person.attached, markLoaded: settle, dispose: leave }
  }

  return {
    join,
    isHere: (userId) => people.has(userId),
    ids: () => people.keys(),
    chatsOf: (userId) => people.get(userId)?.chatIds,
    part: (userId, chatId, leftSeq) => void people.get(userId)?.partedSeqs.set(chatId, leftSeq),
    partedSeq: (userId, chatId) => people.get(userId)?.partedSeqs.get(chatId) ?? 0,
    tell(userId, item) {
      for (const listener of people.get(userId)?.listeners.keys() ?? []) listener.push(item)
    },
    hasSettled: (userId) => [...(people.get(userId)?.listeners.values() ?? [])].includes('settled'),
    startOver(userId) {
      for (const [listener, state] of people.get(userId)?.listeners ?? []) {
        if (state === 'settled') listener.restart()
      }
    },
    startAllOver(userId) {
      for (const [listener, state] of people.get(userId)?.listeners ?? []) {
        if (state !== 'watching') listener.restart()
      }
    },
    isSettled(userId) {
      const states = new Set(people.get(userId)?.listeners.values())
      return states.has('settled') && !states.has('joining')
    },
  }
}
