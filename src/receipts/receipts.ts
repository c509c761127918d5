import { LRUCache } from 'lru-cache'
import { badInput, notFound, type ParleyError, unavailable } from '../errors.ts'
import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'
import { type Batcher, BatcherFullError, createBatcher } from '../lib/batcher.ts'
import { answerInTime, type RetryPolicy, runDurableCommand } from '../store/sql/durable-command.ts'
import type { Member } from '../events/chat.ts'
import type { AdvancedMember, Receipt, ReceiptStore } from './receipt-store.ts'
import { isInLargeChat, type ReceiptRecipients } from './receipt-recipients.ts'
import { type Advance, collapse, memberKeyOf } from './watermarks.ts'

export type ChatPosition = Readonly<{ chatId: ChatId; seq: Seq }>

export type Receipts = Readonly<{
  /**
   * The user's device has these chats up to these positions; the device's own replay position moves along where one
   * is named that has ever opened an inbox. Answers with the user's membership in each, in order. NOT_FOUND where one of the chats is none of theirs.
   */
  markDelivered(
    userId: UserId,
    deviceId: DeviceId | undefined,
    positions: readonly ChatPosition[],
  ): Promise<Member[]>
  /** The user has read the chat up to there. NOT_FOUND where it is none of theirs. */
  markRead(userId: UserId, position: ChatPosition): Promise<Member>
  /** Watermarks of present members of the viewer's chats that moved at or after `since`. */
  since(viewerId: UserId, since: Date): Promise<readonly Receipt[]>
  /** Resolves when everything reported so far is stored. */
  drained(): Promise<void>
}>

type Dependencies = Readonly<{
  store: ReceiptStore
  receiptRecipients: ReceiptRecipients
  /** Whether a device's inbox is open on this gateway and has caught up. */
  isLive(userId: UserId, deviceId: DeviceId): boolean
  /** Tells the chat's members. Never throws. */
  publish(receipts: readonly Receipt[]): void
  /**
   * How long advances gather under load at least, in milliseconds. Well below the time within which a report is
   * answered, since it is answered when it is stored.
   */
  leastRestMs(): number
  /** Monotonic, so that a jump of the wall clock does not change for how long a chat counts as large. */
  elapsedMs(): number
}>

/**
 * Advances gather this long between two writes, in milliseconds: many a message makes one receipt. Those of large chats
 * gather for longer, since each message makes so many.
 */
const REST_MS = { small: 20, large: 500 }
const BATCHER = { maxBatch: 2_000, maxWaiting: 50_000 }
/** For how long a chat is known to be large. */
const LARGE_KNOWN_MS = 60_000
const MAX_LARGE_KNOWN = 10_000
const RETRY: RetryPolicy = {
  shouldRetry: ({ attempt }) => attempt < 5,
  backoff: { firstMs: 20, maxMs: 500 },
}
/** The most positions of one report. */
const MAX_POSITIONS = 500

/** Watermarks: collected for a moment, collapsed to the highest, written in one statement, then published. */
export function createReceipts({
  store,
  receiptRecipients: telling,
  isLive,
  publish,
  leastRestMs,
  elapsedMs,
}: Dependencies): Receipts {
  const large = new LRUCache<ChatId, true>({
    max: MAX_LARGE_KNOWN,
    ttl: LARGE_KNOWN_MS,
    ttlResolution: 0,
    perf: { now: elapsedMs },
  })
  const batcherFor = (restMs: number): Batcher<Advance, AdvancedMember | undefined> =>
    createBatcher({ ...BATCHER, restMs: () => Math.max(restMs, leastRestMs()), run: write })
  const batchers = { small: batcherFor(REST_MS.small), large: batcherFor(REST_MS.large) }

  async function write(advances: readonly Advance[]): Promise<readonly (AdvancedMember | undefined)[]> {
    const members = await runDurableCommand({
      attempt: () => store.advance(collapse(advances)),
      events: {
        stored: (all) => all.filter((member) => member.hasMoved),
        // An earlier attempt may have moved these. Publishing watermarks that have not moved does no harm.
        readBack: async (all) => all.filter((member) => !member.hasMoved),
        publish: publishAdvances,
      },
      retry: RETRY,
      notConfirmed,
    })
    const byKey = new Map(members.map((member) => [memberKeyOf(member), member]))
    return advances.map((advance) => byKey.get(memberKeyOf(advance)))
  }

  async function publishAdvances(members: readonly AdvancedMember[]): Promise<void> {
    for (const member of members) if (isInLargeChat(member)) large.set(member.chatId, true)
    publish(await telling(members))
  }

  async function advance(report: Advance): Promise<Member> {
    const member = await answerInTime(submit(report), notConfirmed)
    if (member === undefined) throw notFound('Chat')
    return member
  }

  async function submit(report: Advance): Promise<AdvancedMember | undefined> {
    try {
      return await (large.get(report.chatId) === true ? batchers.large : batchers.small).submit(report)
    } catch (error) {
      throw error instanceof BatcherFullError ? notConfirmed(error) : error
    }
  }

  return {
    async markDelivered(userId, deviceId, positions) {
      if (positions.length > MAX_POSITIONS)
        throw badInput(`positions can name ${MAX_POSITIONS} chats at most`)
      const device = { deviceId, isLive: deviceId !== undefined && isLive(userId, deviceId) }
      const reports = positions.map(({ chatId, seq }) => {
        return { chatId, userId, ...device, deliveredSeq: parseSeq(seq), readSeq: 0 }
      })
      return Promise.all(reports.map(advance))
    },
    async markRead(userId, { chatId, seq }) {
      const device = { deviceId: undefined, isLive: false }
      return advance({ chatId, userId, ...device, deliveredSeq: parseSeq(seq), readSeq: seq })
    },
    since: store.since,
    drained: async () => {
      await Promise.all([batchers.small.drained(), batchers.large.drained()])
    },
  }
}

function parseSeq(seq: number): Seq {
  if (seq < 0) throw badInput('seq is a position in the log of a chat: 0 or greater')
  return seq
}

function notConfirmed(cause?: unknown): ParleyError {
  return unavailable('The receipt could not be confirmed. Send it again; receipts may be repeated.', cause)
}
