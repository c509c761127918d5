import type { UseChat } from '@parley/react'
import { useEffect, useState } from 'react'
import type { Row, UnreadRange } from './timeline.ts'

/** Marks the chat as read up to a seq while the window is visible. */
export function useReading({ isLoaded, markRead }: UseChat, seq: number): void {
  const isVisible = useIsVisible()
  useEffect(() => {
    if (isVisible && isLoaded && seq > 0) markRead(seq)
  }, [isVisible, isLoaded, seq, markRead])
}

/** Returns the seq of the last message up to a row. 0 if there is none. */
export function seenSeq(rows: readonly Row[], index: number): number {
  for (let at = index; at >= 0; at -= 1) {
    const row = rows[at]
    if (row !== undefined && 'message' in row) return row.message.seq ?? 0
  }
  return 0
}

/** Returns the messages that were unread when the chat was opened. Undefined until that is known. */
export function useUnreadAtOpen(
  { isLoaded, members, messages, headSeq, unreadCount }: UseChat,
  viewerId: string | undefined,
): UnreadRange | undefined {
  const [unread, setUnread] = useState<UnreadRange>()
  const own = members.find(({ user }) => user.id === viewerId)
  if (unread === undefined && isLoaded && own !== undefined) {
    // An answer shows that what came before it was read, perhaps on another device.
    const answered = messages.findLast(({ sender, seq }) => sender.id === viewerId && seq !== undefined)
    const afterSeq = Math.max(own.readSeq, answered?.seq ?? 0)
    setUnread({ afterSeq, untilSeq: headSeq, count: afterSeq < headSeq ? unreadCount : 0 })
  }
  return unread
}

function useIsVisible(): boolean {
  const [isVisible, setIsVisible] = useState(() => document.visibilityState === 'visible')
  useEffect(() => {
    const update = (): void => setIsVisible(document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', update)
    return () => document.removeEventListener('visibilitychange', update)
  }, [])
  return isVisible
}
