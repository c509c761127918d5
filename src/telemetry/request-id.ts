import { AsyncLocalStorage } from 'node:async_hooks'
import type { Dispose } from '../lib/dispose.ts'

/** The part of an asynchronous context that belongs to one request. Cleared when the request is over. */
type Scope = { requestId: string | undefined }

const scopes = new AsyncLocalStorage<Scope>()

const MAX_LENGTH = 128

/** Returns the value of an `x-request-id` header if it is short and of harmless characters. */
export function requestIdIn(header: string | readonly string[] | undefined): string | undefined {
  if (typeof header !== 'string' || header.length > MAX_LENGTH) return undefined
  return /^[\w.:+/=@-]+$/.test(header) ? header : undefined
}

/** The scope of one request: everything that `run` starts logs its id. */
export type RequestScope = Readonly<{
  run<Result>(work: () => Result): Result
  /** Ends the scope. Sockets and timers that outlive the request keep its context, but no longer log its id. */
  dispose: Dispose
}>

const NO_SCOPE: RequestScope = { run: (work) => work(), dispose: () => undefined }

export function beginRequestScope(requestId: string | undefined): RequestScope {
  if (requestId === undefined) return NO_SCOPE
  const scope: Scope = { requestId }
  return {
    run: (work) => scopes.run(scope, work),
    dispose() {
      scope.requestId = undefined
    },
  }
}

/** Returns the log fields of the current request. */
export function requestFields(): Readonly<{ requestId?: string }> {
  const requestId = scopes.getStore()?.requestId
  return requestId === undefined ? {} : { requestId }
}
