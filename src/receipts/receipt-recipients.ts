import { LARGE_CHAT } from '../events/chat.ts'
import type { UserId } from '../ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { AdvancedMember, PassedRange, Receipt, ReceiptStore } from './receipt-store.ts'

/**
 * Returns the receipts to publish, each with its recipients:
 * - in a chat of up to `LARGE_CHAT` members: all members;
 * - in a larger chat: the member's own devices, and the senders of the messages that the watermark passed, because
 *   their status may have changed;
 * - for a member who has left: the member's own devices, and the last member if only one is left. The watermarks of
 *   former members then make the status of that member's messages.
 */
export type ReceiptRecipients = (advanced: readonly AdvancedMember[]) => Promise<readonly Receipt[]>

type Dependencies = Readonly<{ store: Pick<ReceiptStore, 'senders'>; logger: Logger }>

export function createReceiptRecipients({ store, logger }: Dependencies): ReceiptRecipients {
  /** Never rejects. The advances are stored: a sender who misses a receipt sees the new status in the next query. */
  async function sendersOf(ranges: readonly PassedRange[]): Promise<(readonly UserId[])[]> {
    if (ranges.length === 0) return []
    try {
      return await store.senders(ranges)
    } catch (error) {
      logger.warn({ err: error }, 'looking up senders failed; receipts of large chats go to own devices only')
      return []
    }
  }

  return async (advanced) => {
    const former = advanced.filter(hasLeft)
    const present = advanced.filter((member) => !hasLeft(member))
    const large = present.filter(isInLargeChat)
    const senders = await sendersOf(large.map(rangePassedBy))
    const restricted = large.map((member, index) => {
      return { ...toReceipt(member), onlyTo: [...new Set([member.userId, ...(senders[index] ?? [])])] }
    })
    const own = former.map((member) => ({ ...toReceipt(member), onlyTo: [member.userId] }))
    const toLast = former.filter(({ memberCount }) => memberCount === 1)
    const toAll = [...present.filter((member) => !isInLargeChat(member)), ...toLast].map(toReceipt)
    return [...toAll, ...restricted, ...own]
  }
}

export function isInLargeChat({ memberCount }: Pick<AdvancedMember, 'memberCount'>): boolean {
  return memberCount > LARGE_CHAT
}

function hasLeft({ leftSeq }: AdvancedMember): boolean {
  return leftSeq !== null
}

function rangePassedBy({ chatId, deliveredBefore, readBefore, deliveredSeq }: AdvancedMember): PassedRange {
  return { chatId, afterSeq: Math.min(deliveredBefore, readBefore), untilSeq: deliveredSeq }
}

function toReceipt({ chatId, userId, deliveredSeq, readSeq, at }: AdvancedMember): Receipt {
  return { chatId, userId, deliveredSeq, readSeq, at }
}
