import type { ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { hasExpired } from '../auth/expiry.ts'
import type { Session } from '../auth/session.ts'
import { ParleyError } from '../errors.ts'
import { clientError } from '../graphql/masking.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Caller } from './caller.ts'

const CHECK_EVERY_MS = 1_000

type Results = AsyncIterable<ExecutionResult>
type Next = IteratorResult<ExecutionResult, unknown>

type Bounds = Readonly<{
  session: Session | undefined
  /** Fires when the client goes away. */
  signal: AbortSignal
  clock: Clock
  logger: Logger
}>

/**
 * Ends subscriptions over HTTP (server-sent events): when the token runs out, with an UNAUTHENTICATED error as the last
 * event, and when the client goes away, even before the stream has begun. A WebSocket connection sees to both itself.
 */
export function useHttpStreams({
  clock,
  logger,
}: Pick<Bounds, 'clock' | 'logger'>): Plugin<{ caller?: Caller }> {
  return {
    onSubscribe({ args }) {
      const { caller, request } = args.contextValue
      if (caller?.transport !== 'http') return undefined
      const bounds = { session: caller.session, signal: request.signal, clock, logger }
      return {
        onSubscribeResult({ result, setResult }) {
          if (Symbol.asyncIterator in result) setResult(bounded(result, bounds))
        },
      }
    },
  }
}

function bounded(
  results: Results,
  { session, signal, clock, logger }: Bounds,
): AsyncIterableIterator<ExecutionResult> {
  const source = results[Symbol.asyncIterator]()
  let timer: NodeJS.Timeout | undefined
  let onExpired: (() => void) | undefined
  let isOver = false

  function check(): void {
    if (hasExpired(session?.expiresAt, clock.now())) onExpired?.()
  }

  /** What comes first. Not Promise.race with one promise for the expiry: it would hold on to every event. */
  function nextOrExpired(): Promise<Next | 'expired'> {
    return new Promise((resolve, reject) => {
      onExpired = () => resolve('expired')
      source.next().then(resolve, reject)
    })
  }

  async function end(): Promise<IteratorReturnResult<undefined>> {
    isOver = true
    clearInterval(timer)
    await source.return?.()
    return { done: true, value: undefined }
  }

  function onGone(): void {
    end().catch((error: unknown) => logger.error({ err: error }, 'a stream could not be ended'))
  }

  async function next(): Promise<Next> {
    if (isOver) return { done: true, value: undefined }
    timer ??= setInterval(check, CHECK_EVERY_MS)
    try {
      const first = await nextOrExpired()
      if (first !== 'expired') return first.done === true ? await end() : first
    } catch (error) {
      await end()
      throw error
    }
    await end()
    return { done: false, value: { errors: [clientError(expired())] } }
  }

  signal.addEventListener('abort', onGone, { once: true })
  if (signal.aborted) onGone()
  return {
    next,
    return: end,
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function expired(): ParleyError {
  return new ParleyError('UNAUTHENTICATED', 'The token has expired.')
}
