import { badInput, notFound, unavailable } from '../errors.ts'
import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'
import { retry } from '../lib/backoff.ts'
import { BatcherFullError, createBatcher } from '../lib/batcher.ts'
import { within } from '../lib/deadline.ts'
import { classifyDatabaseError } from '../store/database-error.ts'
import type { Member } from '../chats/chat.ts'
import type { AdvancedMember, Receipt, ReceiptStore } from './receipt-store.ts'
import { type Advance, collapse, memberKeyOf } from './watermarks.ts'

export type Position = Readonly<{ chatId: ChatId; seq: Seq }>

export type Receipts = Readonly<{
  /**
   * The user's device has these chats up to these positions; the device's own replay position moves along where one
   * is named. Answers with the user's membership in each, in order. NOT_FOUND where one of the chats is none of theirs.
   */
  markDelivered(
    userId: UserId,
    deviceId: DeviceId | undefined,
    positions: readonly Position[],
  ): Promise<Member[]>
  /** The user has read the chat up to there. NOT_FOUND where it is none of theirs. */
  markRead(userId: UserId, position: Position): Promise<Member>
  /** Watermarks of present members of the viewer's chats that moved at or after `since`. */
  since(viewerId: UserId, since: Date): Promise<readonly Receipt[]>
  /** Resolves when everything reported so far is stored. */
  drained(): Promise<void>
}>

type Dependencies = Readonly<{
  store: ReceiptStore
  /** Tells the chat's members. Never throws. */
  publish(receipts: readonly Receipt[]): void
}>

/** Advances gather this long between two writes, in milliseconds: many a message makes one receipt. */
const REST_MS = 20
const BATCHER = { maxBatch: 2_000, maxWaiting: 50_000, restMs: REST_MS }
const ANSWER_WITHIN_MS = 8_000
const MAX_ATTEMPTS = 5
const RETRY_BACKOFF = { firstMs: 20, maxMs: 500 }
/** The most positions of one report. */
const MAX_POSITIONS = 500

/** Watermarks: collected for a moment, collapsed to the highest, written in one statement, then published. */
export function createReceipts({ store, publish }: Dependencies): Receipts {
  const batcher = createBatcher<Advance, AdvancedMember | undefined>({ ...BATCHER, run: write })

  async function write(advances: readonly Advance[]): Promise<readonly (AdvancedMember | undefined)[]> {
    let isFirst = true
    const mayRetry = (error: unknown, attempt: number): boolean => {
      isFirst = false
      return shouldRetry(error, attempt)
    }
    const members = await retry(() => store.advance(collapse(advances)), mayRetry, RETRY_BACKOFF)
    // An attempt whose answer was lost may have moved them already, and nobody was told.
    publish(members.filter((member) => member.hasMoved || !isFirst).map(toReceipt))
    const byKey = new Map(members.map((member) => [memberKeyOf(member), member]))
    return advances.map((advance) => byKey.get(memberKeyOf(advance)))
  }

  async function advance(report: Advance): Promise<Member> {
    const member = await within(ANSWER_WITHIN_MS, submit(report), notConfirmed)
    if (member === undefined) throw notFound('Chat')
    return member
  }

  async function submit(report: Advance): Promise<AdvancedMember | undefined> {
    try {
      return await batcher.submit(report)
    } catch (error) {
      throw error instanceof BatcherFullError ? notConfirmed(error) : error
    }
  }

  return {
    async markDelivered(userId, deviceId, positions) {
      if (positions.length > MAX_POSITIONS)
        throw badInput(`positions can name ${MAX_POSITIONS} chats at most`)
      const reports = positions.map(({ chatId, seq }) => {
        return { chatId, userId, deviceId, deliveredSeq: parseSeq(seq), readSeq: 0 }
      })
      return Promise.all(reports.map(advance))
    },
    async markRead(userId, { chatId, seq }) {
      return advance({ chatId, userId, deviceId: undefined, deliveredSeq: parseSeq(seq), readSeq: seq })
    },
    since: store.since,
    drained: () => batcher.drained(),
  }
}

function toReceipt({ chatId, userId, deliveredSeq, readSeq, at }: AdvancedMember): Receipt {
  return { chatId, userId, deliveredSeq, readSeq, at }
}

function parseSeq(seq: number): Seq {
  if (seq < 0) throw badInput('seq is a position in the log of a chat: 0 or greater')
  return seq
}

function shouldRetry(error: unknown, attempt: number): boolean {
  if (classifyDatabaseError(error) === 'other') return false
  if (attempt + 1 < MAX_ATTEMPTS) return true
  throw notConfirmed(error)
}

function notConfirmed(cause?: unknown): Error {
  return unavailable('The receipt could not be confirmed. Send it again; receipts may be repeated.', cause)
}
