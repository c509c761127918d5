import { CHAT, EVENTS, MEMBERS, OLDER, SUMMARY_OF } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import type {
  ChatData,
  EventData,
  MemberData,
  MessagePage,
  ReceiptData,
  SummaryData,
} from '../graphql/responses.ts'
import { applyEvent, applyReceipt } from '../model/apply-event.ts'
import type { Model } from '../model/model.ts'
import {
  type ChatRecord,
  fromChat,
  fromSummary,
  isUnread,
  MAX_UNREAD,
  toMessage,
  usersOf,
} from '../model/records.ts'
import { unreadCount } from '../model/view.ts'
import { pause } from '../lib/backoff.ts'
import { type Page, readPages } from './pages.ts'

/** How often an answer of a lagging replica is asked for again, and how long the first wait is, in milliseconds. */
const MAX_STALE_READS = 6
const STALE_PAUSE_MS = 100

/*
 * Keeps one chat's record in step with its log. Events may come more than once, early or late: `headSeq` of the record
 * decides, by arithmetic.
 *
 *   seq ≤ head      a repetition: dropped
 *   seq = head + 1  the next: applied
 *   seq > head + 1  a gap: the missing events are read from the log first. The one gap that is none is between two
 *                   membership periods of the viewer; the chat is then read anew.
 *
 * While something of the chat is being read, its events wait in a queue, and are applied to what was read. One thing is
 * read at a time, so a chat's record is never written from two sides.
 */
export class ChatSync {
  readonly #chatId: string
  readonly #deps: ChatSyncDependencies
  #queue: (EventData | ReceiptData)[] = []
  #reading: Promise<void> | undefined
  #wantsPage = false
  #isHeld = false

  constructor(chatId: string, dependencies: ChatSyncDependencies) {
    this.#chatId = chatId
    this.#deps = dependencies
  }

  /** Takes an event or a receipt in, in whatever order they come. */
  receive(item: EventData | ReceiptData): void {
    if ('actor' in item) for (const user of usersOf(item)) this.#deps.model.noteUser(user)
    this.#queue.push(item)
    this.#drain()
  }

  /** Queues events until `release`, because a snapshot is about to replace the record. Drops the older ones. */
  hold(): void {
    this.#isHeld = true
    this.#queue = []
  }

  /** Goes on from a summary that was just queried. An open chat is read with its messages instead. Never rejects. */
  release(data: SummaryData): Promise<void> {
    this.#isHeld = false
    if (this.#wantsPage) return this.#read(() => this.#readPage())
    // After what is being read still: of two writers, the snapshot has to be the last.
    return this.#read(async () => this.#take(fromSummary(data, this.#deps.model.noteUser)))
  }

  /** Goes on without a snapshot: the chat was not part of it. Never rejects. */
  async releaseUnlisted(): Promise<void> {
    this.#isHeld = false
    if (this.#queue.length === 0 && !this.#wantsPage) return this.#deps.model.remove(this.#chatId)
    await this.#read(() => this.#readAgain())
  }

  /** Whether messages and members are kept up to date. */
  get isOpen(): boolean {
    return this.#wantsPage
  }

  /** Loads messages and members, and keeps them from then on. */
  open(): void {
    if (this.#wantsPage) return
    this.#wantsPage = true
    if (!this.#isHeld) void this.#read(() => this.#readPage())
  }

  /** Reads what the log holds beyond the record. */
  expect(headSeq: number): void {
    const record = this.#deps.model.get(this.#chatId)
    if (this.#isHeld || (record !== undefined && record.headSeq >= headSeq)) return
    void this.#read(() => (record === undefined ? this.#readSummary() : this.#readEvents()))
  }

  /** Reads the open chat anew, for what its events do not tell. */
  refresh(): void {
    if (this.#wantsPage && !this.#isHeld) void this.#read(() => this.#readPage())
  }

  /** Resolves once nothing of the chat is being read. Never rejects. */
  async whenIdle(): Promise<void> {
    while (this.#reading !== undefined) await this.#reading
  }

  /** Loads the next older page. Resolves to whether there is more. */
  async loadOlder(): Promise<boolean> {
    this.open()
    const cursor = (): string | null => this.#deps.model.get(this.#chatId)?.olderCursor ?? null
    // Only once the first page is there, a cursor is known.
    await this.#read(async () => {
      const before = cursor()
      if (before !== null) await this.#readOlder(before)
    })
    return cursor() !== null
  }

  #drain(): void {
    if (this.#isHeld || this.#reading !== undefined) return
    const { model } = this.#deps
    if (model.get(this.#chatId) === undefined) {
      if (this.#queue.length > 0) void this.#read(() => this.#readSummary())
      return
    }
    const items = this.#queue.sort((a, b) => seqOf(a) - seqOf(b))
    while (items.length > 0 && !this.#isReading()) {
      const item = items[0] as EventData | ReceiptData
      const record = model.get(this.#chatId) as ChatRecord
      if ('actor' in item && item.seq > record.headSeq + 1) return this.#closeGap(record)
      items.shift()
      if (!('actor' in item)) this.#applyReceipt(record, item)
      else if (item.seq === record.headSeq + 1) this.#applyEvent(record, item)
      // A repetition shows that the device has not acknowledged it yet.
      else this.#deps.onHead(this.#chatId, record.headSeq)
    }
  }

  #isReading(): boolean {
    return this.#reading !== undefined
  }

  #applyEvent(record: ChatRecord, event: EventData): void {
    const { model, onEvent } = this.#deps
    const next = applyEvent(record, event, model.viewerId)
    model.set(next)
    onEvent(event)
    // Where the viewer comes back, earlier messages and the list of members are to be seen again.
    const isViewer = event.user?.id === model.viewerId
    if (isViewer && event.__typename === 'MemberAdded') void this.#read(() => this.#readAgain())
    // Without another member the watermarks no longer tell a status; the server remembers it.
    else if (event.__typename === 'MemberRemoved' && next.members.size === 1)
      void this.#read(() => this.#readAgain())
  }

  #applyReceipt(record: ChatRecord, { user, deliveredSeq, readSeq }: ReceiptData): void {
    const { model } = this.#deps
    const next = applyReceipt(record, user.id, { deliveredSeq, readSeq }, model.viewerId)
    if (next === record) return
    model.set(next)
    const isViewer = user.id === model.viewerId
    if (isViewer ? isUnreadUncertain(next, model.viewerId) : isStatusUncertain(next, model.viewerId)) {
      this.#deps.requestCounts(this.#chatId)
    }
  }

  #closeGap(record: ChatRecord): void {
    if (record.isMember) void this.#read(() => this.#readEvents())
    // The viewer had left: the log between their two periods is not theirs.
    else void this.#read(() => this.#readAgain())
  }

  /** Reads one thing, then goes on with the queue. Work that fails for good is reported, and the queue goes on. */
  #read(work: () => Promise<void>): Promise<void> {
    const before = this.#reading
    const reading = (async () => {
      await before
      try {
        await work()
      } catch (error) {
        if (!this.#deps.signal.aborted) this.#deps.onError(error)
        this.#queue = []
      }
    })()
    this.#reading = reading
    return reading.then(() => {
      if (this.#reading !== reading) return
      this.#reading = undefined
      if (!this.#deps.signal.aborted) this.#drain()
    })
  }

  #take(record: ChatRecord): void {
    this.#deps.model.set(record)
    this.#deps.onHead(record.id, record.headSeq)
  }

  /**
   * Reads the chat until the answer is at least as new as the record: a replica may answer with an earlier state.
   * Null if there is no such chat.
   */
  async #readFresh<Chat extends Readonly<{ headSeq: number }>>(
    document: string,
    variables: object,
  ): Promise<Chat | null> {
    const { model, request, pageSize, isReset, signal } = this.#deps
    const id = this.#chatId
    for (let attempt = 1; ; attempt += 1) {
      const known = model.get(id)?.headSeq ?? 0
      const { chat } = await request<{ chat: Chat | null }>(document, { id, pageSize, ...variables })
      if (chat === null || chat.headSeq >= known || isReset() || attempt === MAX_STALE_READS) return chat
      await pause(STALE_PAUSE_MS * attempt, signal)
    }
  }

  /** There is no such chat, or the viewer has never been a member. */
  #remove(): void {
    this.#queue = []
    this.#deps.model.remove(this.#chatId)
  }

  #readAgain(): Promise<void> {
    return this.#wantsPage ? this.#readPage() : this.#readSummary()
  }

  async #readSummary(): Promise<void> {
    const { model, request } = this.#deps
    const { chat } = await request<{ chat: SummaryData | null }>(SUMMARY_OF, { id: this.#chatId })
    if (chat === null) this.#remove()
    else this.#take(fromSummary(chat, model.noteUser))
  }

  async #readPage(): Promise<void> {
    const { model } = this.#deps
    const chat = await this.#readFresh<ChatData>(CHAT, {})
    if (chat === null) return this.#remove()
    const members = await this.#readMembers(chat)
    this.#take(withoutLater(fromChat(chat, members, model.viewerId, model.noteUser)))
  }

  /** A direct chat has its members in the summary. */
  async #readMembers({ id, kind, members: { edges } }: ChatData): Promise<readonly MemberData[]> {
    if (kind === 'DIRECT') return edges.map(({ node }) => node)
    const members: MemberData[] = []
    type Data = Readonly<{ chat: Readonly<{ members: Page<MemberData> }> | null }>
    await readPages(
      async (after) => (await this.#deps.request<Data>(MEMBERS, { id, after })).chat?.members,
      (member) => members.push(member),
    )
    return members
  }

  /** The log up to its end, or up to the first event that waits. */
  async #readEvents(): Promise<void> {
    const { model, request } = this.#deps
    const afterSeq = model.get(this.#chatId)?.headSeq ?? 0
    type Data = { chat: Readonly<{ headSeq: number; events: readonly EventData[] }> | null }
    const data = await request<Data>(EVENTS, { id: this.#chatId, afterSeq }).catch((error: unknown) => {
      // The log no longer reaches back so far: what is missing can only be read as a whole.
      if (isNotFound(error)) return undefined
      throw error
    })
    if (data?.chat === undefined || data.chat === null || data.chat.events.length === 0)
      return this.#readAgain()
    for (const event of data.chat.events) {
      for (const user of usersOf(event)) model.noteUser(user)
      const record = model.get(this.#chatId)
      if (record !== undefined && event.seq === record.headSeq + 1) this.#applyEvent(record, event)
    }
  }

  /** Events that were applied already may have changed these messages, so a page from before them is read again. */
  async #readOlder(before: string): Promise<void> {
    const { model } = this.#deps
    type Older = Readonly<{ headSeq: number; messages: MessagePage }>
    const chat = await this.#readFresh<Older>(OLDER, { before })
    const record = model.get(this.#chatId)
    if (chat === null || record === undefined || record.olderCursor !== before) return
    const { hasPreviousPage, startCursor } = chat.messages.pageInfo
    const older = chat.messages.edges.map(({ node }) => toMessage(node, model.noteUser))
    const unread = older.filter((message) => isUnread(message, record, model.viewerId)).length
    const left = record.unreadBefore === undefined ? undefined : Math.max(0, record.unreadBefore - unread)
    model.set({
      ...record,
      messages: [...older, ...record.messages],
      olderCursor: hasPreviousPage ? startCursor : null,
      unreadBefore: hasPreviousPage ? left : 0,
    })
  }

  /** Takes in an answer to `requestCounts`. Returns false if it is of another moment than the record. */
  applyCounts({ headSeq, unreadCount: total, viewerMember, lastMessage }: CountsData): boolean {
    const { model } = this.#deps
    const record = model.get(this.#chatId)
    if (record === undefined) return true
    const readSeq = record.watermarks.get(model.viewerId)?.readSeq ?? 0
    if (this.#reading !== undefined || headSeq !== record.headSeq || viewerMember.readSeq !== readSeq)
      return false
    const inWindow = unreadCount({ ...record, unreadBefore: 0 }, model.viewerId, model.nowMs())
    const unreadBefore = total >= MAX_UNREAD ? undefined : Math.max(0, total - inWindow)
    const last = record.lastMessage
    const isSame = last !== null && last.id === lastMessage?.id
    model.set({
      ...record,
      unreadBefore,
      lastMessage: isSame ? { ...last, status: lastMessage.status } : last,
    })
    return true
  }
}

export type ChatSyncDependencies = Readonly<{
  model: Model
  /** Repeats what may succeed later. */
  request: Request
  pageSize: number
  signal: AbortSignal
  /** Whether the server has told that what is known may be wrong. */
  isReset(): boolean
  /** An event was applied. */
  onEvent(event: EventData): void
  /** Everything up to `headSeq` was read. */
  onHead(chatId: string, headSeq: number): void
  requestCounts(chatId: string): void
  onError(error: unknown): void
}>

export type CountsData = Readonly<{
  id: string
  headSeq: number
  unreadCount: number
  viewerMember: Readonly<{ readSeq: number }>
  lastMessage: Readonly<{ id: string; status: string }> | null
}>

/** Receipts have no seq and go first: they only grow. */
function seqOf(item: EventData | ReceiptData): number {
  return 'actor' in item ? item.seq : 0
}

/** A query is not of one moment: a message beyond `headSeq` is dropped, its event is still to come. */
function withoutLater(chat: ChatRecord): ChatRecord {
  const messages = chat.messages.filter(({ seq }) => seq <= chat.headSeq)
  const lastMessage = messages.at(-1) ?? chat.lastMessage
  return { ...chat, messages, lastMessage }
}

/** Some of the messages before the window may be read or expired; how many, only the server knows. */
export function isUnreadUncertain(chat: ChatRecord, viewerId: string): boolean {
  const windowStart = chat.messages[0]?.seq ?? chat.headSeq + 1
  const readSeq = chat.watermarks.get(viewerId)?.readSeq ?? 0
  return chat.unreadBefore !== 0 && readSeq < windowStart - 1
}

/** In a group that is not open, the members whose watermarks make the status are not known. */
function isStatusUncertain({ hasAllMembers, lastMessage }: ChatRecord, viewerId: string): boolean {
  return (
    !hasAllMembers &&
    lastMessage !== null &&
    lastMessage.senderId === viewerId &&
    lastMessage.status !== 'READ'
  )
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'NOT_FOUND'
}
