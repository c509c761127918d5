import type { EventData, ReceiptData, SummaryData } from '../graphql/responses.ts'
import { applyEvent, applyReceipt, prependOlder } from '../model/apply-event.ts'
import { applyCounts, type CountsData, isStatusUncertain, isUnreadUncertain } from '../model/counts.ts'
import { type ChatRecord, fromSummary, usersOf } from '../model/records.ts'
import { createChatReads, type ReadDependencies } from './chat-reads.ts'

export type ChatSync = Readonly<{
  /** Takes an event or a receipt in, in whatever order they come. */
  receive(item: EventData | ReceiptData): void
  /** Queues events until `release`, because a snapshot is about to replace the record. Drops the older ones. */
  hold(): void
  /** Goes on from a summary that was just queried. An open chat is read with its messages instead. Never rejects. */
  release(data: SummaryData): Promise<void>
  /** Goes on without a snapshot: the chat was not part of it. Never rejects. */
  releaseUnlisted(): Promise<void>
  /** Whether messages and members are kept up to date. */
  isOpen(): boolean
  /** Loads messages and members, and keeps them from then on. */
  open(): void
  /** Reads what the log holds beyond the record. */
  expect(headSeq: number): void
  /** Reads the open chat anew, for what its events do not tell. */
  refresh(): void
  /** Resolves once nothing of the chat is being read. Never rejects. */
  whenIdle(): Promise<void>
  /** Loads the next older page. Resolves to whether there is more. */
  loadOlder(): Promise<boolean>
  /** Takes in an answer to `requestCounts`. Returns false if it is of another moment than the record. */
  takeCounts(counts: CountsData): boolean
}>

export type ChatSyncDependencies = ReadDependencies &
  Readonly<{
    /** An event was applied. */
    onEvent(event: EventData): void
    /** Everything up to `headSeq` was read. */
    onHead(chatId: string, headSeq: number): void
    requestCounts(chatId: string): void
    onError(error: unknown): void
  }>

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
export function createChatSync(chatId: string, dependencies: ChatSyncDependencies): ChatSync {
  const { model, signal, onEvent, onHead, requestCounts, onError } = dependencies
  const reads = createChatReads(chatId, dependencies)
  let queue: (EventData | ReceiptData)[] = []
  let reading: Promise<void> | undefined
  let isOpen = false
  let isHeld = false

  function drain(): void {
    if (isHeld || reading !== undefined) return
    if (model.get(chatId) === undefined) {
      if (queue.length > 0) void read(readAgain)
      return
    }
    queue.sort((a, b) => seqOf(a) - seqOf(b))
    while (queue.length > 0 && !isReading()) {
      const item = queue[0] as EventData | ReceiptData
      const record = model.get(chatId) as ChatRecord
      // The viewer had left: the log between their two periods is not theirs.
      if (seqOf(item) > record.headSeq + 1) return void read(record.isMember ? readEvents : readAgain)
      queue.shift()
      if (!('actor' in item)) takeReceipt(record, item)
      else if (item.seq === record.headSeq + 1) takeEvent(record, item)
      // A repetition shows that the device has not acknowledged it yet.
      else onHead(chatId, record.headSeq)
    }
  }

  function isReading(): boolean {
    return reading !== undefined
  }

  function takeEvent(record: ChatRecord, event: EventData): void {
    const next = applyEvent(record, event, model.viewerId)
    model.set(next)
    onEvent(event)
    const { __typename: type, user } = event
    // Where the viewer comes back, earlier messages and the list of members are to be seen again.
    const isBack = type === 'MemberAdded' && user?.id === model.viewerId
    // Without another member the watermarks no longer tell a status; the server remembers it.
    const isAlone = type === 'MemberRemoved' && Object.keys(next.members).length === 1
    // The answer that there is no such chat removes it.
    if (isBack || isAlone || type === 'ChatDeleted') void read(readAgain)
  }

  function takeReceipt(record: ChatRecord, { user, deliveredSeq, readSeq }: ReceiptData): void {
    const next = applyReceipt(record, user.id, { deliveredSeq, readSeq }, model.viewerId)
    if (next === record) return
    model.set(next)
    const isUncertain = user.id === model.viewerId ? isUnreadUncertain : isStatusUncertain
    if (isUncertain(next, model.viewerId)) requestCounts(chatId)
  }

  /** Reads one thing, then goes on with the queue. Work that fails for good is reported, and the queue goes on. */
  function read(work: () => Promise<void>): Promise<void> {
    const before = reading
    const current = (async () => {
      await before
      try {
        await work()
      } catch (error) {
        if (!signal.aborted) onError(error)
        queue = []
      }
    })()
    reading = current
    return current.then(() => {
      if (reading !== current) return
      reading = undefined
      if (!signal.aborted) drain()
    })
  }

  /** Null: there is no such chat. */
  function take(record: ChatRecord | null): void {
    if (record === null) {
      queue = []
      return model.remove(chatId)
    }
    model.set(record)
    onHead(chatId, record.headSeq)
  }

  async function readAgain(): Promise<void> {
    take(await (isOpen ? reads.page() : reads.summary()))
  }

  /** The log up to its end, or up to the first event that waits. */
  async function readEvents(): Promise<void> {
    const events = await reads.events(model.get(chatId)?.headSeq ?? 0)
    // The log no longer holds the events, so the chat has to be read as a whole.
    if (events.length === 0) return readAgain()
    for (const event of events) {
      for (const user of usersOf(event)) model.noteUser(user)
      const record = model.get(chatId)
      if (record !== undefined && event.seq === record.headSeq + 1) takeEvent(record, event)
    }
  }

  /** Events that were applied already may have changed these messages, so a page from before them is read again. */
  async function readOlder(): Promise<void> {
    // Only once the first page is there, a cursor is known.
    const before = model.get(chatId)?.olderCursor ?? null
    if (before === null) return
    const older = await reads.older(before)
    const record = model.get(chatId)
    if (older === null || record?.olderCursor !== before) return
    model.set(prependOlder(record, older.messages, older.olderCursor, model.viewerId))
  }

  function open(): void {
    if (isOpen) return
    isOpen = true
    if (!isHeld) void read(readAgain)
  }

  return {
    receive(item) {
      if ('actor' in item) for (const user of usersOf(item)) model.noteUser(user)
      queue.push(item)
      drain()
    },
    hold() {
      isHeld = true
      queue = []
    },
    release(data) {
      isHeld = false
      // After what is being read still: of two writers, the snapshot has to be the last.
      return read(isOpen ? readAgain : async () => take(fromSummary(data, model.noteUser)))
    },
    async releaseUnlisted() {
      isHeld = false
      if (queue.length === 0 && !isOpen) take(null)
      else await read(readAgain)
    },
    isOpen: () => isOpen,
    open,
    expect(headSeq) {
      const record = model.get(chatId)
      if (isHeld || (record !== undefined && record.headSeq >= headSeq)) return
      void read(record === undefined ? readAgain : readEvents)
    },
    refresh() {
      if (isOpen && !isHeld) void read(readAgain)
    },
    async whenIdle() {
      while (isReading()) await reading
    },
    async loadOlder() {
      open()
      await read(readOlder)
      return (model.get(chatId)?.olderCursor ?? null) !== null
    },
    takeCounts(counts) {
      const record = model.get(chatId)
      if (record === undefined) return true
      const next = isReading() ? undefined : applyCounts(record, counts, model.viewerId, model.now())
      if (next !== undefined) model.set(next)
      return next !== undefined
    },
  }
}

/** Receipts have no seq and go first: they only grow. */
function seqOf(item: EventData | ReceiptData): number {
  return 'actor' in item ? item.seq : 0
}
