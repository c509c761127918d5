import { ParleyError } from '../errors.ts'
import { HEARTBEAT, SET_TYPING } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'

/** A heartbeat is sent at most this often, in milliseconds: half of the time for which it keeps a user online. */
const HEARTBEAT_EVERY_MS = 10_000
/** Typing is repeated this often, and ends this long after the last keystroke, in milliseconds. */
const TYPING_EVERY_MS = 3_000
const TYPING_ENDS_MS = 4_000

/** Reports what the user does. Nothing here is retried: it is of no use later. */
export type Activity = Readonly<{
  note(): void
  setTyping(chatId: string, isTyping: boolean): void
  /** A sent message ends typing by itself. */
  noteSent(chatId: string): void
  dispose(): void
}>

export function createActivity(request: Request): Activity {
  const heartbeat = throttled(HEARTBEAT_EVERY_MS, () => request(HEARTBEAT, { input: { userActivity: true } }))
  /** The chat that the user types in. It is one at a time. */
  let typing: Readonly<{ chatId: string; report: () => void }> | undefined
  let end: ReturnType<typeof setTimeout> | undefined

  function report(chatId: string, isTyping: boolean): Promise<unknown> {
    return request(SET_TYPING, { input: { chatId, typing: isTyping } })
  }

  function stop(chatId: string, isReported: boolean): void {
    if (typing?.chatId !== chatId) return
    clearTimeout(end)
    typing = undefined
    if (isReported) report(chatId, false).catch(() => undefined)
  }

  return {
    note: heartbeat,
    setTyping(chatId, isTyping) {
      if (!isTyping) return stop(chatId, true)
      if (typing !== undefined && typing.chatId !== chatId) stop(typing.chatId, true)
      typing ??= { chatId, report: throttled(TYPING_EVERY_MS, () => report(chatId, true)) }
      clearTimeout(end)
      end = setTimeout(() => stop(chatId, true), TYPING_ENDS_MS)
      typing.report()
    },
    noteSent: (chatId) => stop(chatId, false),
    dispose: () => clearTimeout(end),
  }
}

/** Calls at most once in `everyMs`, and not before the time that a rejection named. */
function throttled(everyMs: number, call: () => Promise<unknown>): () => void {
  let notBefore = 0
  return () => {
    if (Date.now() < notBefore) return
    notBefore = Date.now() + everyMs
    call().catch((error: unknown) => {
      if (error instanceof ParleyError) notBefore = Date.now() + (error.retryAfterMs ?? everyMs)
    })
  }
}
