import type { Posted } from '../../lib/outgoing-post.ts'

/** Parses `Retry-After`: seconds or a date. */
export function retryAfterMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return ms > 0 ? ms : undefined
}

/** Returns why a request failed, in the words of Node. */
export function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'unknown error'
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return `no answer within ${timeoutMs / 1000} s`
  return 'code' in error && error.message === '' ? String(error.code) : error.message
}

export function failed(reason: string): Posted {
  return { type: 'failed', reason }
}
