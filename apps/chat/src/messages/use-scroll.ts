import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import type { Row } from './timeline.ts'

/** So close to the end counts as being there, in pixels. */
const NEAR_END = 60
/** How long after a scroll the rows in sight are looked up, in milliseconds. */
const LOOK_AFTER_MS = 200
/** Older messages are loaded while the reader is still this far from the start, in pixels. */
const LOAD_BEFORE = 1_500

type Options = Readonly<{
  rows: readonly Row[]
  hasOlder: boolean
  loadOlder(): Promise<unknown>
}>

/** The scroll position of a conversation. */
export type Scroll = Readonly<{
  scroller: RefObject<HTMLDivElement | null>
  list: RefObject<VirtualizerHandle | null>
  /** Whether the newest message is in sight. */
  isAtEnd: boolean
  /** The last row that has been in sight, a moment ago at most. */
  seenIndex: number
  /** Whether rows were added at the start by this render, so that the list keeps its distance from the end. */
  isPrepended: boolean
  onScroll(): void
  scrollToEnd(): void
  /** Scrolls until a row is at the top, with an offset in pixels. */
  jumpTo(index: number, offset: number): void
}>

/*
 * Sticks to the end while the reader is there: when a message comes, when a row grows, and when the window or the
 * composer changes size. Elsewhere, what the reader sees stays where it is.
 */
export function useScroll({ rows, hasOlder, loadOlder }: Options): Scroll {
  const scroller = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  const isStuck = useRef(true)
  const isLoading = useRef(false)
  const [isAtEnd, setIsAtEnd] = useState(true)
  const [seenIndex, setSeenIndex] = useState(-1)
  const lookTimer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(lookTimer.current), [])

  const firstMessage = rows.find(({ type }) => type === 'message')?.key
  const lastKey = rows.at(-1)?.key
  const [before, setBefore] = useState({ firstMessage, lastKey, count: rows.length })
  // Lines about a group come a moment after the older messages that they stand between.
  const isPrepended =
    (before.firstMessage !== undefined && before.firstMessage !== firstMessage) ||
    (before.lastKey === lastKey && before.count < rows.length)
  useEffect(
    () => setBefore({ firstMessage, lastKey, count: rows.length }),
    [firstMessage, lastKey, rows.length],
  )

  function scrollToEnd(): void {
    const { current: element } = scroller
    isStuck.current = true
    if (element !== null) element.scrollTop = element.scrollHeight
  }

  const last = rows.at(-1)
  const isOwn = last?.type === 'message' && last.isOwn
  useLayoutEffect(() => {
    if (isOwn || isStuck.current) scrollToEnd()
  }, [lastKey, isOwn])

  useEffect(() => {
    const { current: element } = scroller
    if (element === null) return undefined
    const observer = new ResizeObserver(() => {
      if (isStuck.current) scrollToEnd()
    })
    observer.observe(element)
    for (const child of element.children) observer.observe(child)
    return () => observer.disconnect()
  }, [])

  async function loadIfNear(): Promise<void> {
    const { current: element } = scroller
    if (element === null || !hasOlder || isLoading.current || element.scrollTop > LOAD_BEFORE) return
    isLoading.current = true
    try {
      await loadOlder()
    } finally {
      isLoading.current = false
    }
  }
  // A page that is shorter than the window is followed by the next one.
  useEffect(() => void loadIfNear(), [rows.length, hasOlder])

  function look(): void {
    lookTimer.current = undefined
    const { current: handle } = list
    if (handle !== null) setSeenIndex(handle.findItemIndex(handle.scrollOffset + handle.viewportSize))
  }

  function onScroll(): void {
    const { current: element } = scroller
    if (element === null) return
    isStuck.current = element.scrollHeight - element.clientHeight - element.scrollTop < NEAR_END
    setIsAtEnd(isStuck.current)
    lookTimer.current ??= setTimeout(look, LOOK_AFTER_MS)
    void loadIfNear()
  }
  const latestOnScroll = useRef(onScroll)
  useEffect(() => void (latestOnScroll.current = onScroll))

  const jumpTo = useCallback((index: number, offset: number): void => {
    isStuck.current = false
    setIsAtEnd(false)
    list.current?.scrollToIndex(index, { align: 'start', offset })
    // Nothing scrolls if the row is there already.
    requestAnimationFrame(() => latestOnScroll.current())
  }, [])

  return { scroller, list, isAtEnd, seenIndex, isPrepended, onScroll, scrollToEnd, jumpTo }
}
