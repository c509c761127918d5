import type { UseChat } from '@parley/react'
import { useEffect, useState } from 'react'
import type { UnreadRange } from './timeline.ts'

/** Marks the chat as read while its newest message is in sight. */
export function useReading(chat: UseChat, isAtEnd: boolean): void {
  const isVisible = useIsVisible()
  const { headSeq, isLoaded, markRead } = chat
  useEffect(() => {
    if (isVisible && isAtEnd && isLoaded) markRead(headSeq)
  }, [isVisible, isAtEnd, isLoaded, headSeq, markRead])
}

/** Returns the messages that were unread when the chat was opened. Undefined until that is known. */
export function useUnreadAtOpen(
  { isLoaded, members, messages, headSeq }: UseChat,
  viewerId: string | undefined,
): UnreadRange | undefined {
  const [unread, setUnread] = useState<UnreadRange>()
  const own = members.find(({ user }) => user.id === viewerId)
  if (unread === undefined && isLoaded && own !== undefined) {
    // An answer shows that what came before it was read, perhaps on another device.
    const answered = messages.findLast(({ sender, seq }) => sender.id === viewerId && seq !== undefined)
    setUnread({ afterSeq: Math.max(own.readSeq, answered?.seq ?? 0), untilSeq: headSeq })
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
