import { type ChatRecord, MAX_UNREAD, reachesWindow, readSeqOf } from './records.ts'
import { unreadCount } from './view.ts'

/** Counts of the server that events do not tell. */
export type CountsData = Readonly<{
  id: string
  headSeq: number
  unreadCount: number
  viewerMember: Readonly<{ readSeq: number }>
  lastMessage: Readonly<{ id: string; status: string }> | null
}>

/** Takes in what the server has counted. Returns undefined if it is of another moment than the record. */
export function applyCounts(
  chat: ChatRecord,
  { headSeq, unreadCount: total, viewerMember, lastMessage }: CountsData,
  viewerId: string,
  now: string,
): ChatRecord | undefined {
  if (headSeq !== chat.headSeq || viewerMember.readSeq !== readSeqOf(chat, viewerId)) return undefined
  const inWindow = unreadCount({ ...chat, unreadBefore: 0 }, viewerId, now)
  const last = chat.lastMessage
  const isSame = last !== null && last.id === lastMessage?.id
  return {
    ...chat,
    unreadBefore: total >= MAX_UNREAD ? undefined : Math.max(0, total - inWindow),
    lastMessage: isSame ? { ...last, status: lastMessage.status } : last,
  }
}

/** Some of the messages before the window may be read or expired; how many, only the server knows. */
export function isUnreadUncertain(chat: ChatRecord, viewerId: string): boolean {
  return chat.unreadBefore !== 0 && !reachesWindow(chat, readSeqOf(chat, viewerId))
}

/** In a group that is not open, the members whose watermarks make the status are not known. */
export function isStatusUncertain({ hasAllMembers, lastMessage }: ChatRecord, viewerId: string): boolean {
  return (
    !hasAllMembers &&
    lastMessage !== null &&
    lastMessage.senderId === viewerId &&
    lastMessage.status !== 'READ'
  )
}
