import type { ChatEvent } from '../events/chat-event.ts'
import type { ReceiptAdvanced } from '../events/signal.ts'
import { eventCount, type MembershipPeriod } from '../events/membership-period.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Receipts } from '../receipts/receipts.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { MAX_DEVICES, type Pending, pendingPeriods, type Registration } from './device-store.ts'
import type { InboxItem, InboxReset } from './inbox-item.ts'
import type { ReadPage } from './shared-pages.ts'
import type { ThrottledReads } from './throttled-reads.ts'

/** The most events and the most receipts that are replayed. Beyond that, the client gets an InboxReset instead. */
export const MAX_REPLAY = 10_000

/** The events of a chat that a reader has missed. */
export type MissedEvents = Readonly<{
  chatId: ChatId
  /** Where they are in the log, in order. */
  periods: readonly MembershipPeriod[]
  /** The last event that retention has removed from the log; 0 if none. */
  floorSeq: Seq
}>

type LogReplayOptions = Readonly<{
  /** Reads one page of a range, from its start. */
  readPage: ReadPage
  /** Called after the reader has taken all events of a page. */
  onPageTaken?(eventCount: number): void
}>

/**
 * Replays the missed events, each chat's in order, page by page as the reader takes them. If they cannot all be
 * replayed, the last item is an InboxReset.
 *
 * Retention removes events from the start of a log, also during the replay. A page that lacks anything therefore lacks
 * its first event.
 */
export async function* replayLog(
  missed: readonly MissedEvents[],
  { readPage, onPageTaken }: LogReplayOptions,
): AsyncGenerator<readonly (ChatEvent | InboxReset)[], 'complete' | 'reset', void> {
  const total = missed.reduce((sum, { periods }) => sum + eventCount(periods), 0)
  if (total > MAX_REPLAY) return yield* resetWith(tooManyMissed(total))
  if (missed.some(isBeyondRetention)) return yield* resetWith(LOG_TOO_SHORT)
  for (const { chatId, periods } of missed) {
    for (const { first, last } of periods) {
      let nextSeq = first
      while (nextSeq <= last) {
        const page = await readPage({ chatId, afterSeq: nextSeq - 1, untilSeq: last })
        if (page[0]?.seq !== nextSeq) return yield* resetWith(LOG_TOO_SHORT)
        yield page
        nextSeq += page.length
        onPageTaken?.(page.length)
      }
    }
  }
  return 'complete'
}

function* resetWith(reason: string): Generator<readonly InboxReset[], 'reset', void> {
  yield [{ type: 'InboxReset', reason }]
  return 'reset'
}

function isBeyondRetention({ periods: [oldest], floorSeq }: MissedEvents): boolean {
  return oldest !== undefined && oldest.first <= floorSeq
}

/** A device's registration, and what is pending for it. */
export type PendingEvents = Readonly<{
  viewerId: UserId
  registration: Registration
  pending: readonly Pending[]
  /** Called before each recent receipt: an older one of the same member may follow from another source. */
  onReceipt(receipt: Omit<ReceiptAdvanced, 'type'>): void
}>

/**
 * Replays what is pending for a device: receipts, then the events. A device that has just registered has no receipts to
 * catch up with, but events may have been added since its registration.
 */
export type DeviceReplay = (
  signal: AbortSignal,
  events: PendingEvents,
) => AsyncGenerator<readonly InboxItem[], void, void>

type Dependencies = Readonly<{
  chatLog: Readonly<{ read: ReadPage }>
  receipts: Pick<Receipts, 'since'>
  metrics: Pick<Metrics, 'deliveries' | 'replays'>
  /** For pages of the log. */
  throttled: ThrottledReads['read']
  /** For receipts, whose readers share statements. */
  throttledShared: ThrottledReads['read']
}>

export function createDeviceReplay({
  chatLog,
  receipts,
  metrics,
  throttled,
  throttledShared,
}: Dependencies): DeviceReplay {
  async function* replayReceipts(
    signal: AbortSignal,
    { viewerId, registration, onReceipt }: PendingEvents,
  ): AsyncGenerator<readonly InboxItem[], 'complete' | 'reset', void> {
    const { receiptsUntil } = registration
    let page = await throttledShared(signal, () => receipts.since(viewerId, receiptsUntil))
    let count = 0
    for (;;) {
      count += page.receipts.length
      if (count > MAX_REPLAY) return yield* resetWith(TOO_MANY_RECEIPTS)
      for (const { isRecent, ...receipt } of page.receipts) if (isRecent) onReceipt(receipt)
      yield page.receipts.map(({ isRecent: _isRecent, ...receipt }) => ({
        type: 'ReceiptAdvanced',
        ...receipt,
      }))
      const { next } = page
      if (next === undefined) return 'complete'
      page = await throttledShared(signal, () => receipts.since(viewerId, receiptsUntil, next))
    }
  }

  return async function* replay(signal, events) {
    const { registration, pending } = events
    if (registration.type === 'known' && (yield* replayReceipts(signal, events)) === 'reset') {
      metrics.replays.inc({ outcome: 'reset' })
      return
    }
    if (registration.type === 'forgotten') {
      metrics.replays.inc({ outcome: 'reset' })
      yield* resetWith(DEVICE_FORGOTTEN)
    }
    const missed = pending.map((chat) => ({ ...chat, periods: pendingPeriods(chat) }))
    const outcome = yield* replayLog(missed, {
      readPage: (range) => throttled(signal, () => chatLog.read(range)),
      onPageTaken: (count) => metrics.deliveries.inc({ phase: 'replay' }, count),
    })
    metrics.replays.inc({ outcome })
  }
}

const QUERY_INSTEAD = 'Query the current state, then apply the events that follow.'
const DEVICE_FORGOTTEN =
  `The position of this device is unknown: the server was restored, or the user has more than ${MAX_DEVICES} ` +
  `devices. ${QUERY_INSTEAD}`
const LOG_TOO_SHORT = `The log no longer contains all missed events. ${QUERY_INSTEAD}`

const TOO_MANY_RECEIPTS = `More than ${MAX_REPLAY} receipts were missed. ${QUERY_INSTEAD}`

function tooManyMissed(total: number): string {
  return `${total} events were missed and at most ${MAX_REPLAY} are replayed. ${QUERY_INSTEAD}`
}
