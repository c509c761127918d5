import { type FocusEvent, type KeyboardEvent, type RefObject, useRef, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import type { Row } from './timeline.ts'

/** Frames in which a row has to appear. */
const MAX_ATTEMPTS = 60

/** The keyboard in the list of messages. */
export type RowFocus = Readonly<{
  /** The one row that the Tab key reaches. */
  tabStop: number
  keepMounted: readonly number[]
  onKeyDown(event: KeyboardEvent<HTMLElement>): void
  onFocus(event: FocusEvent<HTMLElement>): void
}>

/**
 * The list is one stop of the Tab key, at first its newest message. The arrow keys, Home and End move between messages.
 * Enter opens the actions of the focused one, Tab goes on to its links and reactions, and Escape to the composer.
 */
export function useRowFocus(rows: readonly Row[], list: RefObject<VirtualizerHandle | null>): RowFocus {
  const [key, setKey] = useState<string>()
  const found = key === undefined ? -1 : rows.findIndex((row) => row.key === key)
  const tabStop = found >= 0 ? found : rows.findLastIndex(({ type }) => type === 'message')

  const wanted = useRef<string>(undefined)

  /** Moves to the nearest message from an index in a direction. */
  function move(from: HTMLElement, start: number, step: 1 | -1): void {
    let index = start
    while (rows[index] !== undefined && rows[index]?.type !== 'message') index += step
    const row = rows[index]
    if (row === undefined) return
    setKey(row.key)
    list.current?.scrollToIndex(index, { align: 'nearest' })
    focusSoon(from, row.key)
  }

  /** A row that is far away is rendered first, and hidden until it is measured. The newest wish counts. */
  function focusSoon(from: HTMLElement, rowKey: string, attempts = MAX_ATTEMPTS): void {
    wanted.current = rowKey
    const row = from.querySelector<HTMLElement>(`[data-key="${CSS.escape(rowKey)}"]`)
    row?.focus({ preventScroll: true })
    if (document.activeElement === row || attempts === 0) return
    requestAnimationFrame(() => {
      if (wanted.current === rowKey) focusSoon(from, rowKey, attempts - 1)
    })
  }

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const { target, currentTarget, key: pressed } = event
    if (!(target instanceof HTMLElement)) return
    if (pressed === 'Escape') document.querySelector<HTMLElement>('.composer-input')?.focus()
    if (target.closest('.message') === null) return
    if (pressed === 'ArrowUp') move(currentTarget, tabStop - 1, -1)
    else if (pressed === 'ArrowDown') move(currentTarget, tabStop + 1, 1)
    else if (pressed === 'Home') move(currentTarget, 0, 1)
    else if (pressed === 'End') move(currentTarget, rows.length - 1, -1)
    else if (target.matches('.message') && (pressed === 'Enter' || pressed === ' '))
      target.querySelector<HTMLElement>('.message-more')?.click()
    else return
    event.preventDefault()
  }

  function onFocus({ target }: FocusEvent<HTMLElement>): void {
    const row = target.closest<HTMLElement>('.message')
    if (row !== null) setKey(row.dataset['key'])
  }

  return { tabStop, keepMounted: tabStop < 0 ? [] : [tabStop], onKeyDown, onFocus }
}
