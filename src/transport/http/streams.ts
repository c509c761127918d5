import type { ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { clientError } from '../../api/masking.ts'
import { hasExpired } from '../../auth/tokens.ts'
import type { Session } from '../../auth/session.ts'
import { ParleyError, unavailable } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { PushStream } from '../../lib/push-stream.ts'
import { inWaves } from '../../lib/waves.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Caller } from '../pipeline/caller.ts'

const CHECK_EVERY_MS = 1_000

type ResultStream = PushStream<never, ExecutionResult>

type Request = Readonly<{
  session: Session | undefined
  /** Aborts when the client goes away. */
  signal: AbortSignal
}>

/** Subscriptions over HTTP (server-sent events). */
export type HttpStreams = Readonly<{
  /**
   * Ends a stream when its token expires, with an UNAUTHENTICATED error as the last event. Also ends it when the client
   * goes away, even before its first event. A WebSocket connection does both itself.
   */
  plugin: Plugin<{ caller?: Caller }>
  /**
   * Ends every stream with an UNAVAILABLE error as the last event, spread over three quarters of the time. Streams that
   * begin later end at once. Resolves when every stream has its last event.
   */
  closeInWaves(options: Readonly<{ deadlineMs: number }>): Promise<void>
}>

type Dependencies = Readonly<{ clock: Clock; logger: Logger }>

export function createHttpStreams({ clock, logger }: Dependencies): HttpStreams {
  const open = new Set<ResultStream>()
  let isClosing = false

  const plugin: HttpStreams['plugin'] = {
    onSubscribe({ args }) {
      const { caller, request } = args.contextValue
      if (caller?.transport !== 'http') return undefined
      return {
        onSubscribeResult({ result, setResult }) {
          if (!(Symbol.asyncIterator in result)) return
          const stream = openStream(result, { session: caller.session, signal: request.signal })
          setResult(stream)
          if (isClosing) endWith(stream, restarting())
        },
      }
    },
  }

  function openStream(results: AsyncIterable<ExecutionResult>, { session, signal }: Request): ResultStream {
    const source = results[Symbol.asyncIterator]()
    const expiryCheck = setInterval(() => {
      if (hasExpired(session?.expiresAt, clock.now())) endWith(stream, expired())
    }, CHECK_EVERY_MS)
    function onGone(): void {
      stream.return().catch((error: unknown) => logger.error({ err: error }, 'closing a stream failed'))
    }
    const stream: ResultStream = new PushStream<never, ExecutionResult>({
      items: () => source,
      onClose() {
        open.delete(stream)
        clearInterval(expiryCheck)
        signal.removeEventListener('abort', onGone)
        return source.return?.()
      },
    })
    open.add(stream)
    signal.addEventListener('abort', onGone, { once: true })
    if (signal.aborted) onGone()
    return stream
  }

  async function closeInWaves({ deadlineMs }: Readonly<{ deadlineMs: number }>): Promise<void> {
    await inWaves([...open], deadlineMs, (stream) => endWith(stream, restarting()))
    isClosing = true
    for (const stream of open) endWith(stream, restarting())
  }

  return { plugin, closeInWaves }
}

function endWith(stream: ResultStream, error: ParleyError): void {
  stream.cut({ errors: [clientError(error)] })
}

function expired(): ParleyError {
  return new ParleyError('UNAUTHENTICATED', 'The token has expired. Subscribe again with a new one.')
}

function restarting(): ParleyError {
  return unavailable('This gateway is restarting. Subscribe again.')
}
