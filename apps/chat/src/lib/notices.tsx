import { type ReactNode, useSyncExternalStore } from 'react'
import { problemText } from './problems.ts'

const SHOWN_MS = 5_000

let notice: string | undefined
let timer: ReturnType<typeof setTimeout> | undefined
const listeners = new Set<() => void>()

function set(next: string | undefined): void {
  notice = next
  for (const listener of listeners) listener()
}

/** Shows a short text for some seconds. */
export function notify(text: string): void {
  clearTimeout(timer)
  set(text)
  timer = setTimeout(() => set(undefined), SHOWN_MS)
}

/** Shows why an action failed, if it does. */
export function attempt(action: Promise<unknown>): void {
  action.catch((error: unknown) => notify(problemText(error)))
}

/** Where notices appear. Screen readers read them out. */
export function Notices(): ReactNode {
  const text = useSyncExternalStore(subscribe, () => notice)
  return (
    <div className="notices" role="status">
      {text !== undefined && <p className="notice">{text}</p>}
    </div>
  )
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
