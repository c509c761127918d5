import { LRUCache } from 'lru-cache'
import type { ReceiptAdvanced } from '../events/signal.ts'

/** The newest receipts that were delivered on this gateway, one for each member. */
export type ReceiptOrder = Readonly<{
  /**
   * Returns the receipt to deliver, or undefined if all of its recipients have its watermarks already. It may have
   * higher watermarks or fewer recipients than the given one.
   */
  advance(receipt: ReceiptAdvanced): ReceiptAdvanced | undefined
}>

/** Enough for several seconds of the highest rate of receipts. Receipts overtake each other within milliseconds. */
const MAX_MEMBERS = 65_536

/*
 * Several gateways publish receipts of one member, and a resync reads them again, so they arrive repeated and in any
 * order. The database writes a member's watermarks one after the other, so of two receipts one covers the other.
 *
 * A receipt that was overtaken is not simply dropped. In a large chat each receipt has its own recipients: the senders
 * whose messages it passed. Recipients without the newest receipt get it now.
 *
 * One memory for all streams: each of them receives every receipt of its chats from the moment when it joins the hub.
 */
export function createReceiptOrder(maxMembers = MAX_MEMBERS): ReceiptOrder {
  const delivered = new LRUCache<string, ReceiptAdvanced>({ max: maxMembers })

  return {
    advance(receipt) {
      const key = `${receipt.chatId} ${receipt.userId}`
      const newest = delivered.get(key)
      if (newest === undefined || !covers(newest, receipt)) {
        const next = newest === undefined ? receipt : higherOf(newest, receipt)
        delivered.set(key, next)
        return next
      }
      const onlyTo = recipientsWithout(newest, receipt)
      if (onlyTo?.length === 0) return undefined
      const reached =
        newest.onlyTo !== undefined && onlyTo !== undefined ? [...newest.onlyTo, ...onlyTo] : undefined
      delivered.set(key, { ...newest, onlyTo: reached })
      return { ...newest, onlyTo }
    },
  }
}

/** Whether the first receipt has watermarks at least as high as the second. */
export function covers(first: Watermarks, second: Watermarks): boolean {
  return first.deliveredSeq >= second.deliveredSeq && first.readSeq >= second.readSeq
}

type Watermarks = Pick<ReceiptAdvanced, 'deliveredSeq' | 'readSeq'>

function higherOf(newest: ReceiptAdvanced, receipt: ReceiptAdvanced): ReceiptAdvanced {
  if (covers(receipt, newest)) return receipt
  const deliveredSeq = Math.max(newest.deliveredSeq, receipt.deliveredSeq)
  const readSeq = Math.max(newest.readSeq, receipt.readSeq)
  return { ...receipt, deliveredSeq, readSeq }
}

/**
 * Returns the recipients of the receipt that the newest one did not reach; undefined: all members. A receipt for the
 * member's own devices alone is always among these after one for all members: they may have left the chat.
 */
function recipientsWithout(newest: ReceiptAdvanced, receipt: ReceiptAdvanced): ReceiptAdvanced['onlyTo'] {
  const reached = newest.onlyTo
  if (reached === undefined) return isForActorAlone(receipt) ? receipt.onlyTo : []
  return receipt.onlyTo?.filter((userId) => !reached.includes(userId))
}

/** Whether only the member's own devices receive it. */
export function isForActorAlone({ onlyTo, userId }: ReceiptAdvanced): boolean {
  return onlyTo?.length === 1 && onlyTo[0] === userId
}
