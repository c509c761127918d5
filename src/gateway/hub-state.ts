import type { ChatEvent } from '../events/chat-event.ts'
import type { LiveSubscriber } from '../events/signal.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import { SmallMap } from '../lib/small-map.ts'
import { ChatFeed } from './chat-feed.ts'
import { createLogTails } from './log-tails.ts'
import { createReceiptOrder } from './receipt-order.ts'

/**
 * 'loading': its user's memberships are being added. 'loaded': they all were, so a chat that is missing was missed.
 * 'tracking': it needs no chats, only the changes of its user's memberships.
 */
export type SubscriberPhase = 'loading' | 'loaded' | 'tracking'

/** A user with live streams on this gateway. */
export type LocalUser = Readonly<{
  id: UserId
  subscribers: SmallMap<LiveSubscriber, SubscriberPhase>
}> & {
  /** The chats whose events are delivered to the user. Undefined until there is one: an empty `Set` takes 230 bytes. */
  chats: Set<ServedChat> | undefined
  /**
   * By chat, where the user's last membership ended, if all streams here have received it to its end. Undefined if
   * there is none: few users leave a chat while they are connected.
   */
  leftSeqs: Map<ChatId, Seq> | undefined
}

/** A chat with a member or a subscriber on this gateway. */
export type ServedChat = Readonly<{
  id: ChatId
  feed: ChatFeed
  /** Where its feed began: events up to here were not delivered on this gateway. */
  openedSeq: Seq
  /** The local members, as of the last event of the feed. */
  members: Set<LocalUser>
  /** Streams of this chat alone. */
  subscribers: Set<LiveSubscriber>
  /** Members who are typing, as far as this gateway knows, with the time when that was last delivered. Monotonic. */
  typingDeliveredMs: Map<UserId, number>
}> & {
  /** The newest membership change that was delivered here; 0 if none was. */
  membersSeq: Seq
  isRepairing: boolean
}

/**
 * The local users and the chats that they are served. Owns the relation between the two: `link` and `unlink` keep both
 * sides of it equal. Only the transitions of the hub change it.
 */
export class HubState {
  readonly #users = new Map<UserId, LocalUser>()
  readonly #chats = new Map<ChatId, ServedChat>()
  readonly #tails = createLogTails()
  /** Receipts are in no log, so they have an order of their own. */
  readonly receipts = createReceiptOrder()

  user(userId: UserId): LocalUser | undefined {
    return this.#users.get(userId)
  }

  chat(chatId: ChatId): ServedChat | undefined {
    return this.#chats.get(chatId)
  }

  isServed(chat: ServedChat): boolean {
    return this.#chats.get(chat.id) === chat
  }

  userIds(): Iterable<UserId> {
    return this.#users.keys()
  }

  addUser(userId: UserId): LocalUser {
    const user: LocalUser = { id: userId, subscribers: new SmallMap(), chats: undefined, leftSeqs: undefined }
    this.#users.set(userId, user)
    return user
  }

  removeUser(user: LocalUser): void {
    this.#users.delete(user.id)
  }

  link(user: LocalUser, chat: ServedChat): void {
    user.chats ??= new Set()
    user.chats.add(chat)
    chat.members.add(user)
  }

  unlink(user: LocalUser, chat: ServedChat): void {
    user.chats?.delete(chat)
    chat.members.delete(user)
  }

  /** The user's membership has ended at `seq`, and all of their streams have received it to its end. */
  recordLeft(user: LocalUser, chatId: ChatId, seq: Seq): void {
    user.leftSeqs ??= new Map()
    user.leftSeqs.set(chatId, seq)
  }

  /** Returns the chat. If it is not served yet, serves it from after `headSeq`, which its log has reached. */
  openChat(chatId: ChatId, headSeq: Seq): ServedChat {
    const chat = this.#chats.get(chatId) ?? this.#addChat(chatId, headSeq)
    chat.feed.expect(headSeq)
    return chat
  }

  /** Stops serving the chat. */
  removeChat(chat: ServedChat): void {
    this.#chats.delete(chat.id)
  }

  /** As `removeChat`, and remembers the tail of the log for streams that have just read the chat. */
  retireChat(chat: ServedChat): void {
    const { id, feed, membersSeq } = chat
    this.removeChat(chat)
    if (membersSeq > 0) this.#tails.keep(id, { headSeq: feed.lastSeq, membersSeq })
  }

  /** An event arrived for a chat that is not served. */
  observeUnserved(event: ChatEvent): void {
    this.#tails.observe(event)
  }

  /** Whether a membership change was seen that is newer than a snapshot as of `headSeq`. */
  isStale(chatId: ChatId, headSeq: Seq): boolean {
    const membersSeq = this.#chats.get(chatId)?.membersSeq ?? this.#tails.get(chatId).membersSeq
    return membersSeq > headSeq
  }

  /**
   * A snapshot was rejected because of what the tail says. The next read has the change, unless the event was never
   * committed: in that case remembering it would reject every snapshot.
   */
  forgetTail(chatId: ChatId): void {
    this.#tails.forget(chatId)
  }

  #addChat(chatId: ChatId, headSeq: Seq): ServedChat {
    const feed = new ChatFeed(headSeq)
    feed.expect(this.#tails.get(chatId).headSeq)
    this.#tails.forget(chatId)
    const chat: ServedChat = {
      id: chatId,
      feed,
      openedSeq: headSeq,
      members: new Set(),
      subscribers: new Set(),
      typingDeliveredMs: new Map(),
      membersSeq: 0,
      isRepairing: false,
    }
    this.#chats.set(chatId, chat)
    return chat
  }
}
