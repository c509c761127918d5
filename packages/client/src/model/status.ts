import type { MessageStatus } from '../api.ts'
import { type ChatRecord, type MessageRecord, NO_WATERMARKS, type Watermarks } from './records.ts'

/**
 * The status of the messages of one chat, from the watermarks of every other present member. Computed once per chat
 * and sender, not once per message.
 */
export function statusIn(chat: ChatRecord): (message: MessageRecord) => MessageStatus {
  const lowestFor = new Map<string, Watermarks | undefined>()
  return (message) => {
    const { senderId } = message
    // No receipt is about a system message, whatever the record says after the last other member left.
    if (message.kind === 'SYSTEM') return 'sent'
    if (!lowestFor.has(senderId)) lowestFor.set(senderId, lowestOfOthers(chat, senderId))
    const lowest = lowestFor.get(senderId)
    // Without the watermarks of all others, the server's answer is the newest that is known.
    if (lowest === undefined) return SHOWN[message.status] ?? 'sent'
    if (message.seq <= lowest.readSeq) return 'read'
    return message.seq <= lowest.deliveredSeq ? 'delivered' : 'sent'
  }
}

/** Undefined if the members are not all known, or if there is no other member. */
function lowestOfOthers(
  { members, watermarks, hasAllMembers }: ChatRecord,
  senderId: string,
): Watermarks | undefined {
  const others = Object.keys(members)
    .filter((id) => id !== senderId)
    .map((id) => watermarks[id] ?? NO_WATERMARKS)
  if (!hasAllMembers || others.length === 0) return undefined
  return {
    deliveredSeq: Math.min(...others.map(({ deliveredSeq }) => deliveredSeq)),
    readSeq: Math.min(...others.map(({ readSeq }) => readSeq)),
  }
}

const SHOWN: Readonly<Record<string, MessageStatus>> = { READ: 'read', DELIVERED: 'delivered' }
