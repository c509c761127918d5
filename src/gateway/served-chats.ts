import { type ChatEvent, changesMembers } from '../events/chat-event.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import { ChatFeed } from './chat-feed.ts'
import type { LiveSubscriber, LiveItem, Signal, TypingChanged } from '../events/signal.ts'
import { createLogTails } from './log-tails.ts'
import type { LocalUsers } from './local-users.ts'
import { Typists } from './typists.ts'

/** A chat with somebody here who hears of it. */
export type ServedChat = Readonly<{
  chatId: ChatId
  feed: ChatFeed
  /** Where its feed began: nothing up to there was passed on here. */
  openedSeq: Seq
  /** Its members who are here, as of the feed's last event. */
  userIds: Set<UserId>
  watchers: Set<LiveSubscriber>
  typists: Typists
}> & {
  /** The newest change of members that was passed on here; 0 where none was. */
  membersSeq: Seq
}

/** The chats that somebody here hears of, and who that is. */
export type ServedChats = Readonly<{
  get(chatId: ChatId): ServedChat | undefined
  /** The chat, served from `headSeq` on if it was not already; its log is known to reach there, at least. */
  open(chatId: ChatId, headSeq: Seq): ServedChat
  /** Whether a change of members has come by that is newer than what was read when the log reached to `headSeq`. */
  isStale(chatId: ChatId, headSeq: Seq): boolean
  /** From now on the person hears of the chat, if they are here. */
  letIn(chat: ServedChat, userId: UserId): void
  drop(chat: ServedChat, userId: UserId): void
  /** Passes an event on whose turn it is: to whom it lets in as well, and to whom it removes for the last time. */
  passOn(chat: ServedChat, event: ChatEvent): void
  /** Passes a signal on, if it is news. */
  signal(chat: ServedChat, signal: Signal): void
  /** Forgets the chat, up to the end of its log, when nobody hears of it any more. */
  releaseIfUnheard(chat: ServedChat): void
  /**
   * Passes nothing on any more, since what came next has left the log, changes of members perhaps among it. Whoever
   * hears of the chat comes back, and is served it as it is then.
   */
  abandon(chat: ServedChat): void
  /** Takes note of an event that concerned nobody here. */
  noteUnheard(event: ChatEvent): void
}>

export function createServedChats(
  people: Pick<LocalUsers, 'chatsOf' | 'part' | 'tell' | 'startAllOver'>,
): ServedChats {
  const chats = new Map<ChatId, ServedChat>()
  const tails = createLogTails()

  function open(chatId: ChatId, headSeq: Seq): ServedChat {
    const known = chats.get(chatId)
    if (known !== undefined) {
      known.feed.expect(headSeq)
      return known
    }
    const tail = tails.get(chatId)
    const feed = new ChatFeed(headSeq)
    feed.expect(tail.headSeq)
    tails.forget(chatId)
    const typists = new Typists((userId) => tell(chat, typing(chat, userId, false)))
    const chat: ServedChat = {
      chatId,
      feed,
      openedSeq: headSeq,
      userIds: new Set(),
      watchers: new Set(),
      typists,
      membersSeq: 0,
    }
    chats.set(chatId, chat)
    return chat
  }

  /** What is remembered of a log is told once: whatever is read from now on knows as much, or it was not true. */
  function isStale(chatId: ChatId, headSeq: Seq): boolean {
    const known = chats.get(chatId)
    if (known !== undefined) return known.membersSeq > headSeq
    const isBehind = tails.get(chatId).membersSeq > headSeq
    if (isBehind) tails.forget(chatId)
    return isBehind
  }

  function letIn(chat: ServedChat, userId: UserId): void {
    const theirs = people.chatsOf(userId)
    if (theirs === undefined) return
    theirs.add(chat.chatId)
    chat.userIds.add(userId)
  }

  function drop(chat: ServedChat, userId: UserId): void {
    people.chatsOf(userId)?.delete(chat.chatId)
    chat.userIds.delete(userId)
  }

  function tell(chat: ServedChat, item: LiveItem): void {
    for (const userId of namedAmong(chat.userIds, item)) if (isFor(userId, item)) people.tell(userId, item)
    for (const watcher of chat.watchers) if (isFor(watcher.userId, item)) watcher.push(item)
  }

  function signal(chat: ServedChat, item: Signal): void {
    if (item.type !== 'TypingChanged' || chat.typists.note(item)) tell(chat, item)
  }

  function passOn(chat: ServedChat, event: ChatEvent): void {
    if (changesMembers(event)) chat.membersSeq = event.seq
    for (const userId of event.joined) letIn(chat, userId)
    tell(chat, event)
    if (event.type === 'MessageSent') signal(chat, typing(chat, event.actorId, false))
    if (event.type !== 'MemberRemoved') return
    drop(chat, event.userId)
    people.part(event.userId, chat.chatId, event.seq)
    signal(chat, typing(chat, event.userId, false))
  }

  function releaseIfUnheard(chat: ServedChat): void {
    const { chatId, feed, membersSeq } = chat
    const isHeard = chat.userIds.size > 0 || chat.watchers.size > 0
    if (isHeard || chats.get(chatId) !== chat) return
    release(chat)
    if (membersSeq > 0) tails.keep(chatId, { headSeq: feed.lastSeq, membersSeq })
  }

  function release({ chatId, typists }: ServedChat): void {
    chats.delete(chatId)
    typists.end()
  }

  function abandon(chat: ServedChat): void {
    if (chats.get(chat.chatId) !== chat) return
    release(chat)
    for (const userId of chat.userIds) {
      drop(chat, userId)
      people.startAllOver(userId)
    }
    for (const watcher of chat.watchers) watcher.restart()
  }

  return {
    get: (chatId) => chats.get(chatId),
    open,
    isStale,
    letIn,
    drop,
    passOn,
    signal,
    releaseIfUnheard,
    abandon,
    noteUnheard: tails.note,
  }
}

/** Those whom the item is for by name, or all. */
function namedAmong(userIds: ReadonlySet<UserId>, item: LiveItem): Iterable<UserId> {
  const named = item.type === 'ReceiptAdvanced' ? item.onlyTo : undefined
  return named?.filter((userId) => userIds.has(userId)) ?? userIds
}

/** Nobody is told that they type themselves, and some receipts are for some people only. */
function isFor(userId: UserId, item: LiveItem): boolean {
  if (item.type === 'TypingChanged') return item.userId !== userId
  return item.type !== 'ReceiptAdvanced' || item.onlyTo === undefined || item.onlyTo.includes(userId)
}

function typing({ chatId }: ServedChat, userId: UserId, isTyping: boolean): TypingChanged {
  return { type: 'TypingChanged', chatId, userId, typing: isTyping }
}
