import type { ChatEvent } from '../events/chat-event.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import { eventCount, type MembershipPeriod, periodsAfter } from '../events/membership-period.ts'
import type { ChatId, UserId } from '../ids.ts'
import type { Receipts } from '../receipts/receipts.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { MAX_DEVICES, type Pending, type Registration } from './device-store.ts'
import type { InboxItem, InboxReset } from './inbox-item.ts'
import type { ThrottledReads } from './throttled-reads.ts'

/** More than this many events are not replayed: the device is told to ask for the present state instead. */
export const MAX_REPLAY = 10_000

/** What a device was when it came, and what it is owed since. */
export type PendingEvents = Readonly<{
  viewerId: UserId
  registration: Registration
  owed: readonly Pending[]
}>

/**
 * What a device missed, read as fast as the reader takes it: receipts, then each chat's events in order, or an
 * InboxReset where they can't all be given. A device that has just registered missed nothing before that, but may
 * have missed what was said between its registration and now.
 */
export type Replay = (signal: AbortSignal, debt: PendingEvents) => AsyncGenerator<InboxItem, void, void>

type Dependencies = Readonly<{
  chatLog: Pick<ChatLog, 'read'>
  receipts: Pick<Receipts, 'since'>
  metrics: Pick<Metrics, 'deliveries' | 'replays'>
  inTurn: ThrottledReads['read']
}>

export function createReplay({ chatLog, receipts, metrics, inTurn }: Dependencies): Replay {
  async function* replayReceipts(
    signal: AbortSignal,
    { viewerId, registration }: PendingEvents,
  ): AsyncGenerator<InboxItem, void, void> {
    const missed = await inTurn(signal, () => receipts.since(viewerId, registration.receiptsUntil))
    for (const receipt of missed) yield { type: 'ReceiptAdvanced', ...receipt }
  }

  /** Answers false when the log does not reach back to what is owed. */
  async function* replayChat(signal: AbortSignal, owed: Pending): AsyncGenerator<ChatEvent, boolean, void> {
    for (const stay of staysOwed(owed)) {
      const isWhole = yield* replayStay(signal, owed.chatId, stay)
      if (!isWhole) return false
    }
    return true
  }

  async function* replayStay(
    signal: AbortSignal,
    chatId: ChatId,
    { first, last }: MembershipPeriod,
  ): AsyncGenerator<ChatEvent, boolean, void> {
    let expectedSeq = first
    while (expectedSeq <= last) {
      const stretch = { chatId, afterSeq: expectedSeq - 1, untilSeq: last }
      const page = await inTurn(signal, () => chatLog.read(stretch))
      if (page[0]?.seq !== expectedSeq) return false
      yield* page
      expectedSeq += page.length
      metrics.deliveries.inc({ phase: 'replay' }, page.length)
    }
    return true
  }

  function* resetWith(reason: string): Generator<InboxReset, void, void> {
    metrics.replays.inc({ outcome: 'reset' })
    yield { type: 'InboxReset', reason }
  }

  return async function* replay(signal, debt) {
    const { registration, owed } = debt
    if (registration.type === 'known') yield* replayReceipts(signal, debt)
    if (registration.type === 'forgotten') yield* resetWith(WAS_FORGOTTEN)
    const total = owed.reduce((sum, chat) => sum + eventCount(staysOwed(chat)), 0)
    if (total > MAX_REPLAY) return yield* resetWith(tooMuchOwed(total))
    if (owed.some(isBeyondRetention)) return yield* resetWith(LOG_TOO_SHORT)
    for (const chat of owed) {
      // Entries may leave while others are read: then the page where that shows begins too late.
      const isWhole = yield* replayChat(signal, chat)
      if (!isWhole) return yield* resetWith(LOG_TOO_SHORT)
    }
    metrics.replays.inc({ outcome: 'complete' })
  }
}

/** What the device has to be given of a chat, in order. */
function staysOwed({ earlierStays, joinedSeq, lastSeq, ackedSeq }: Pending): MembershipPeriod[] {
  return periodsAfter([...earlierStays, { first: joinedSeq, last: lastSeq }], ackedSeq)
}

/** Whether something of what is owed has left the log by now: it is told before anything else is given. */
function isBeyondRetention(owed: Pending): boolean {
  return (staysOwed(owed)[0]?.first ?? Infinity) <= owed.floorSeq
}

const WAS_FORGOTTEN = `This device was forgotten: of one person's, ${MAX_DEVICES} are remembered, and after a restore none`
const LOG_TOO_SHORT = 'The log no longer reaches back to what this device acknowledged'

function tooMuchOwed(total: number): string {
  return `${total} events are owed to this device, more than the ${MAX_REPLAY} that are replayed`
}
