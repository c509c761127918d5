import type { ChatState, ChatSummary, Message, User } from '../api.ts'
import { MAX_TIMER_MS } from '../lib/backoff.ts'
import { ComputedStore } from '../lib/computed-store.ts'
import { isEqual, keepArray } from '../lib/equal.ts'
import { getOrCreate } from '../lib/get-or-create.ts'
import { ValueStore } from '../lib/value-store.ts'
import { type ChatRecord, UNKNOWN_CHAT } from './records.ts'
import { type ChatView, createChatView, nextExpiry } from './view.ts'

/** Typing is hidden this long after it was last reported, in milliseconds. */
const TYPING_MS = 6_000

type Entry = {
  record: ChatRecord | undefined
  view: ChatView | undefined
  readonly build: ReturnType<typeof createChatView>
  readonly state: ComputedStore<ChatState>
  readonly typing: Map<string, ReturnType<typeof setTimeout>>
  expiry: ReturnType<typeof setTimeout> | undefined
}

/** The messages of a chat that its log does not hold yet. */
type UnsentIn = (chat: ChatRecord) => readonly Message[]

/**
 * Everything that the client knows, and the stores that show it. Changes are collected: the stores tell their
 * listeners once for all changes that were made in the same turn.
 */
export class Model {
  viewerId = ''
  readonly viewer = new ValueStore<User | undefined>(undefined)
  readonly chats: ComputedStore<readonly ChatSummary[]>
  readonly totalUnread: ComputedStore<number>
  readonly #watchers = new Set<(chatIds: ReadonlySet<string>) => void>()
  readonly #users = new Map<string, User>()
  #usersVersion = 0
  readonly #entries = new Map<string, Entry>()
  readonly #changed = new Set<string>()
  #isScheduled = false
  #clockOffsetMs = 0
  readonly #unsentIn: UnsentIn

  constructor(unsentIn: UnsentIn) {
    this.#unsentIn = unsentIn
    let list: readonly ChatSummary[] = []
    this.chats = new ComputedStore(() => (list = keepArray(list, this.#list())))
    this.totalUnread = new ComputedStore(() =>
      this.chats.getSnapshot().reduce((sum, { muting, unreadCount }) => sum + (muting ? 0 : unreadCount), 0),
    )
  }

  get(chatId: string): ChatRecord | undefined {
    return this.#entries.get(chatId)?.record
  }

  ids(): string[] {
    return [...this.#entries].filter(([, { record }]) => record !== undefined).map(([id]) => id)
  }

  set(record: ChatRecord): void {
    this.#entry(record.id).record = record
    this.touch(record.id)
  }

  remove(chatId: string): void {
    this.#entry(chatId).record = undefined
    this.touch(chatId)
  }

  readonly noteUser = ({ id, name, avatarUrl }: User): void => {
    const known = this.#users.get(id)
    const user: User = { id, name, avatarUrl }
    if (isEqual(known, user)) return
    this.#users.set(id, user)
    if (id === this.viewerId) this.viewer.set(user)
    if (known === undefined) return
    this.#usersVersion += 1
    for (const chatId of this.#entries.keys()) this.touch(chatId)
  }

  readonly user = (id: string): User => {
    return this.#users.get(id) ?? { id, name: id.replace(/^user_/, ''), avatarUrl: null }
  }

  users(): ReadonlyMap<string, User> {
    return this.#users
  }

  /** Calls the watcher with the chats that changed, after the stores have called their listeners. */
  watch(watcher: (chatIds: ReadonlySet<string>) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** The chat's state, also before anything is known of it. */
  state(chatId: string): ComputedStore<ChatState> {
    return this.#entry(chatId).state
  }

  summary(chatId: string): ChatSummary {
    return this.#view(chatId, this.#entry(chatId)).summary
  }

  /** The viewer's own typing, on another device, is not shown. */
  setTyping(chatId: string, user: User, isTyping: boolean): void {
    if (user.id === this.viewerId) return
    const { typing } = this.#entry(chatId)
    const had = typing.has(user.id)
    clearTimeout(typing.get(user.id))
    typing.delete(user.id)
    this.noteUser(user)
    if (isTyping)
      typing.set(
        user.id,
        setTimeout(() => this.setTyping(chatId, user, false), TYPING_MS),
      )
    if (had !== isTyping) this.touch(chatId)
  }

  /** Typing is not replayed, so after a lost connection nothing is known of it. */
  clearTyping(): void {
    for (const [chatId, { typing }] of this.#entries)
      for (const userId of typing.keys()) this.setTyping(chatId, this.user(userId), false)
  }

  /** The time by the server's clock, as far as it is known. */
  now(): string {
    return new Date(Date.now() + this.#clockOffsetMs).toISOString()
  }

  noteServerTime(at: string): void {
    this.#clockOffsetMs = Date.parse(at) - Date.now()
  }

  /** Something that the chat's view is made of has changed. */
  touch(chatId: string): void {
    const entry = this.#entry(chatId)
    entry.view = undefined
    for (const store of [entry.state, this.chats, this.totalUnread]) store.markStale()
    this.#changed.add(chatId)
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => this.#publish())
  }

  dispose(): void {
    for (const { typing, expiry } of this.#entries.values()) {
      for (const timer of typing.values()) clearTimeout(timer)
      clearTimeout(expiry)
    }
  }

  #publish(): void {
    this.#isScheduled = false
    const changed = new Set(this.#changed)
    this.#changed.clear()
    for (const chatId of changed) {
      const entry = this.#entry(chatId)
      this.#scheduleExpiry(chatId, entry)
      entry.state.notify()
    }
    this.chats.notify()
    this.totalUnread.notify()
    for (const watcher of Array.from(this.#watchers)) watcher(changed)
  }

  #scheduleExpiry(chatId: string, entry: Entry): void {
    clearTimeout(entry.expiry)
    const now = this.now()
    const next = entry.record && nextExpiry(entry.record, now)
    if (next === undefined) return
    // A timer may fire a little early.
    const waitMs = Date.parse(next) - Date.parse(now) + 5
    entry.expiry = setTimeout(() => this.touch(chatId), Math.min(waitMs, MAX_TIMER_MS))
  }

  #list(): readonly ChatSummary[] {
    return this.ids()
      .map((id) => this.summary(id))
      .sort((a, b) => b.lastActivityAt.getTime() - a.lastActivityAt.getTime() || (a.id < b.id ? 1 : -1))
  }

  #view(chatId: string, entry: Entry): ChatView {
    const record = entry.record ?? { ...UNKNOWN_CHAT, id: chatId }
    entry.view ??= entry.build(record, {
      viewerId: this.viewerId,
      user: this.user,
      usersVersion: this.#usersVersion,
      typing: [...entry.typing.keys()].map(this.user),
      unsent: this.#unsentIn(record),
      now: this.now(),
    })
    return entry.view
  }

  #entry(chatId: string): Entry {
    const create = (): Entry => ({
      record: undefined,
      view: undefined,
      build: createChatView(),
      state: new ComputedStore(() => this.#view(chatId, this.#entry(chatId)).state),
      typing: new Map(),
      expiry: undefined,
    })
    return getOrCreate(this.#entries, chatId, create)
  }
}
