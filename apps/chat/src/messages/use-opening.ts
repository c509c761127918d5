import type { UseChat } from '@parley/react'
import { useEffect, useRef, useState } from 'react'
import type { Row, UnreadRange } from './timeline.ts'
import type { Scroll } from './use-scroll.ts'

/** Pages that are loaded in search of the first unread message. A reader who was away for longer begins at the end. */
const MAX_PAGES = 10
/** The space above the line over the first unread message, in pixels. */
const ABOVE = -48

/**
 * Opens a chat where the reader stopped: at the first unread message, or at the end. Loads older pages until the first
 * unread message is there. Returns whether that is done. Until then, nothing counts as read.
 */
export function useOpening(
  { isLoaded, hasOlder, loadOlder }: UseChat,
  rows: readonly Row[],
  unread: UnreadRange | undefined,
  { jumpTo }: Scroll,
): boolean {
  const [isOpen, setIsOpen] = useState(false)
  const pages = useRef(0)
  const line = rows.findIndex(({ type }) => type === 'unread')
  const isReady = isLoaded && unread !== undefined

  useEffect(() => {
    if (isOpen || !isReady) return
    const isMissing = unread.count > 0 && line < 0
    if (isMissing && hasOlder && pages.current < MAX_PAGES) {
      pages.current += 1
      void loadOlder().catch(() => setIsOpen(true))
      return
    }
    if (line >= 0) jumpTo(line, ABOVE)
    // All that there is is unread.
    else if (isMissing && !hasOlder) jumpTo(0, 0)
    setIsOpen(true)
  }, [isOpen, isReady, unread, line, rows.length, hasOlder, loadOlder, jumpTo])

  return isOpen
}
