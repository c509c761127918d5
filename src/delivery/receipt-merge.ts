import type { LiveItem, ReceiptAdvanced } from '../events/signal.ts'
import { elapsedMs } from '../lib/clock.ts'

type Receipt = Omit<ReceiptAdvanced, 'type'>

/** Joins the replayed and the live receipts of a stream. */
export type ReceiptMerge = Readonly<{
  /** A receipt was replayed. */
  replayed(receipt: Receipt): void
  /** Returns whether a live item is news to the stream. Anything but a receipt is. */
  isNews(item: LiveItem): boolean
}>

/** After this long, no receipt arrives any more that is older than the replay. */
const OVERTAKING_MS = 60_000

/** The most members whose replayed receipts are remembered. Beyond that, the first ones are forgotten. */
const MAX_REMEMBERED = 1_000

/**
 * The replay reads receipts from the database after the stream has joined the hub. So older ones of the same members
 * may be queued already, or still be on their way from other gateways. Delivered after the replay, they would move
 * watermarks back. Live receipts themselves never go back, so the first one beyond the replayed one settles its member.
 */
export function createReceiptMerge(nowMs: () => number = elapsedMs): ReceiptMerge {
  let unsettled: Map<string, Receipt> | undefined
  let replayedMs = 0

  return {
    replayed(receipt) {
      unsettled ??= new Map()
      replayedMs = nowMs()
      unsettled.set(keyOf(receipt), receipt)
      if (unsettled.size <= MAX_REMEMBERED) return
      for (const first of unsettled.keys()) {
        unsettled.delete(first)
        break
      }
    },
    isNews(item) {
      if (unsettled === undefined || item.type !== 'ReceiptAdvanced') return true
      const known = unsettled.get(keyOf(item))
      const isNews =
        known === undefined || item.deliveredSeq > known.deliveredSeq || item.readSeq > known.readSeq
      if (isNews) unsettled.delete(keyOf(item))
      if (unsettled.size === 0 || nowMs() - replayedMs > OVERTAKING_MS) unsettled = undefined
      return isNews
    },
  }
}

function keyOf({ chatId, userId }: Pick<Receipt, 'chatId' | 'userId'>): string {
  return `${chatId} ${userId}`
}
