import { LRUCache } from 'lru-cache'
import { badInput, notFound, type ParleyError, unavailable } from '../errors.ts'
import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'
import { type Batcher, BatcherFullError, createBatcher } from '../lib/batcher.ts'
import { answerInTime, FIVE_QUICK_ATTEMPTS, runDurableCommand } from '../store/sql/durable-command.ts'
import type { Member } from '../events/chat.ts'
import {
  type AdvancedMember,
  type MemberId,
  type PastReceipt,
  type Receipt,
  RECEIPT_PAGE,
  type ReceiptStore,
} from './receipt-store.ts'
import { isInLargeChat, type ReceiptRecipients } from './receipt-recipients.ts'
import { type Advance, collapse, memberKeyOf } from './watermarks.ts'

export type ChatPosition = Readonly<{ chatId: ChatId; seq: Seq }>

/** Receipts of the past, each member's newest. */
export type ReceiptPage = Readonly<{
  receipts: readonly PastReceipt[]
  /** Where the next page starts; undefined after the last one. */
  next: PageStart | undefined
}>

type PageStart = MemberId

export type Receipts = Readonly<{
  /**
   * Records that a device of the user has received these chats up to these positions. If `deviceId` names a device that
   * has opened an inbox, its replay position moves as well. Returns the user's memberships in the order of the
   * positions.
   *
   * Errors:
   * - NOT_FOUND – no such chat, or the user was never a member.
   * - BAD_USER_INPUT – too many positions, or a negative seq.
   * - UNAVAILABLE – not confirmed in time; may be repeated.
   */
  markDelivered(
    userId: UserId,
    deviceId: DeviceId | undefined,
    positions: readonly ChatPosition[],
  ): Promise<Member[]>
  /** Records that the user has read the chat up to this position. Errors: as `markDelivered`. */
  markRead(userId: UserId, position: ChatPosition): Promise<Member>
  /** Returns a page of the watermarks that moved at or after `since`, the first one or the one after `after`. */
  since(viewerId: UserId, since: Date, after?: PageStart): Promise<ReceiptPage>
  /** Resolves when everything that was reported is stored. */
  drained(): Promise<void>
}>

type Dependencies = Readonly<{
  store: ReceiptStore
  receiptRecipients: ReceiptRecipients
  /** Returns whether the device's inbox is open on this gateway and has caught up. */
  isLive(userId: UserId, deviceId: DeviceId): boolean
  /** Publishes receipts. Never throws. */
  publish(receipts: readonly Receipt[]): void
  /**
   * Returns the shortest pause between two writes at the present service level, in milliseconds. Must be well below
   * `ANSWER_WITHIN_MS`: a report is answered when it is stored.
   */
  leastRestMs(): number
  /** Monotonic, so that a jump of the wall clock does not change for how long a chat counts as large. */
  elapsedMs(): number
}>

/**
 * The pause between two writes, in milliseconds. The advances that arrive meanwhile collapse into one per member. It is
 * longer for large chats, where each message causes many receipts.
 */
const REST_MS = { small: 20, large: 500 }
const BATCHER = { maxBatch: 2_000, maxWaiting: 50_000 }
/** How long the gateway remembers that a chat is large, in milliseconds. */
const LARGE_KNOWN_MS = 60_000
const MAX_LARGE_KNOWN = 10_000
/** The most positions in one report. */
const MAX_POSITIONS = 500

/**
 * Collects watermarks for a moment, collapses them to the highest, writes them in one statement, and publishes them.
 */
export function createReceipts({
  store,
  receiptRecipients,
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
      retry: FIVE_QUICK_ATTEMPTS,
      notConfirmed,
    })
    const byKey = new Map(members.map((member) => [memberKeyOf(member), member]))
    return advances.map((advance) => byKey.get(memberKeyOf(advance)))
  }

  async function publishAdvances(members: readonly AdvancedMember[]): Promise<void> {
    for (const member of members) if (isInLargeChat(member)) large.set(member.chatId, true)
    publish(await receiptRecipients(members))
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
    async since(viewerId, since, after) {
      const receipts = await store.since(viewerId, since, after)
      return { receipts, next: receipts.length < RECEIPT_PAGE ? undefined : receipts.at(-1) }
    },
    drained: async () => {
      await Promise.all([batchers.small.drained(), batchers.large.drained()])
    },
  }
}

function parseSeq(seq: number): Seq {
  if (seq < 0) throw badInput('seq must be a position in the log of a chat: 0 or greater')
  return seq
}

function notConfirmed(cause?: unknown): ParleyError {
  return unavailable('The receipt could not be confirmed. Send it again; receipts may be repeated.', cause)
}
