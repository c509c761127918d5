import { LARGE_CHAT } from '../events/chat.ts'
import type { UserId } from '../ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { AdvancedMember, PassedRange, Receipt, ReceiptStore } from './receipt-store.ts'

/**
 * Whom to tell of advances. In a chat of few all members hear of each. In a large one an advance is told to the member's
 * own devices, and to those who sent a message that it passed: whose status it may have changed. What somebody reads of
 * a chat that they have left is told to their own devices alone.
 */
export type ReceiptRecipients = (advanced: readonly AdvancedMember[]) => Promise<readonly Receipt[]>

type Dependencies = Readonly<{ store: Pick<ReceiptStore, 'senders'>; logger: Logger }>

export function createReceiptRecipients({ store, logger }: Dependencies): ReceiptRecipients {
  /** The advances are stored by now: who is not told of one sees it in the next answer, where a status is derived anew. */
  async function sendersOf(passed: readonly PassedRange[]): Promise<(readonly UserId[])[]> {
    if (passed.length === 0) return []
    try {
      return await store.senders(passed)
    } catch (error) {
      logger.warn({ err: error }, 'receipts of large chats could not be told to those who sent')
      return []
    }
  }

  return async (advanced) => {
    const former = advanced.filter(hasLeft)
    const present = advanced.filter((member) => !hasLeft(member))
    const large = present.filter(isInLargeChat)
    const senders = await sendersOf(large.map(passedBy))
    const restricted = large.map((member, index) => {
      return { ...toReceipt(member), onlyTo: [...new Set([member.userId, ...(senders[index] ?? [])])] }
    })
    const own = former.map((member) => ({ ...toReceipt(member), onlyTo: [member.userId] }))
    return [...present.filter((member) => !isInLargeChat(member)).map(toReceipt), ...restricted, ...own]
  }
}

export function isInLargeChat({ memberCount }: Pick<AdvancedMember, 'memberCount'>): boolean {
  return memberCount > LARGE_CHAT
}

function hasLeft({ leftSeq }: AdvancedMember): boolean {
  return leftSeq !== null
}

function passedBy({ chatId, deliveredBefore, readBefore, deliveredSeq }: AdvancedMember): PassedRange {
  return { chatId, afterSeq: Math.min(deliveredBefore, readBefore), untilSeq: deliveredSeq }
}

function toReceipt({ chatId, userId, deliveredSeq, readSeq, at }: AdvancedMember): Receipt {
  return { chatId, userId, deliveredSeq, readSeq, at }
}
