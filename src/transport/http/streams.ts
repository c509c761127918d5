import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { clientError, hintHttp } from '../../api/masking.ts'
import { type Authenticator, endOf, type Session, type SessionEnd } from '../../auth/session.ts'
import { badInput, ParleyError, unavailable } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Dispose } from '../../lib/dispose.ts'
import { PushStream } from '../../lib/push-stream.ts'
import { inWaves } from '../../lib/waves.ts'
import type { LiveLimits } from '../../quotas/live-limits.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Caller } from '../pipeline/caller.ts'
import { inOneLine, streamFormatFor } from './stream-format.ts'
import { createSharedTimer } from './shared-timer.ts'
import { streamResponse } from './stream-response.ts'

const CHECK_EVERY_MS = 1_000

/** How often something is written to a silent subscription, so that clients and proxies see that it is alive. */
const HEARTBEAT_MS = 10_000

type ResultStream = PushStream<never, ExecutionResult>

type Request = Readonly<{
  session: Session | undefined
  /** Aborts when the client goes away. */
  signal: AbortSignal
  onClose: Dispose
}>

/** Subscriptions over HTTP: server-sent events, and Apollo's multipart responses. */
export type HttpStreams = Readonly<{
  /**
   * Ends a stream when its token expires or is revoked, with an UNAUTHENTICATED error as the last event. Also ends it
   * when the client goes away, even before its first event. A WebSocket connection does both itself. A subscription
   * whose client accepts no stream is rejected before its first event is read.
   */
  plugin: Plugin<{ caller?: Caller }>
  /**
   * Ends every stream with an UNAVAILABLE error as the last event, spread over three quarters of the time. Streams that
   * begin later end at once. Resolves when every stream has its last event.
   */
  closeInWaves(options: Readonly<{ deadlineMs: number }>): Promise<void>
}>

type Dependencies = Readonly<{
  authenticator: Pick<Authenticator, 'onRevocation'>
  liveLimits: LiveLimits
  clock: Clock
  logger: Logger
  /** Default: ten seconds. */
  heartbeatMs?: number
}>

export function createHttpStreams({
  authenticator,
  liveLimits,
  clock,
  logger,
  heartbeatMs = HEARTBEAT_MS,
}: Dependencies): HttpStreams {
  /** Each with the check of its token. */
  const open = new Map<ResultStream, () => void>()
  const checkMs = Math.min(CHECK_EVERY_MS, heartbeatMs)
  const timer = createSharedTimer(checkMs)
  const heartbeatTicks = Math.round(heartbeatMs / checkMs)
  /** The errors with which this gateway has ended streams. Other plugins copy the results around them. */
  const finals = new WeakSet<GraphQLError>()
  let isClosing = false

  const plugin: HttpStreams['plugin'] = {
    onSubscribe({ args }) {
      const { caller, request } = args.contextValue
      if (caller?.transport !== 'http') return undefined
      return {
        onSubscribeResult({ result, setResult }) {
          if (!(Symbol.asyncIterator in result)) return
          if (streamFormatFor(request.headers.get('accept')) === undefined) {
            setResult({ errors: [notAcceptable()] })
            return closeUnread(result)
          }
          const dispose = takeSlot(caller.session)
          if (dispose instanceof ParleyError) {
            setResult({ errors: [clientError(dispose)] })
            return closeUnread(result)
          }
          const stream = openStream(result, {
            session: caller.session,
            signal: request.signal,
            onClose: dispose,
          })
          setResult(stream)
          if (isClosing) endWith(stream, restarting())
        },
      }
    },
    onResultProcess(outcome) {
      const { request, result } = outcome
      if (Array.isArray(result)) return
      const format = streamFormatFor(request.headers.get('accept'))
      if (!(Symbol.asyncIterator in result)) {
        // Yoga calls `stringify` for a single result, which may be sent as an event too.
        if (format !== undefined) outcome.setResult(Object.assign({}, result, { stringify: inOneLine }))
        return
      }
      if (format === undefined) return
      const isFinal = ({ errors = [] }: ExecutionResult): boolean => errors.some((error) => finals.has(error))
      const results = result as AsyncIterable<ExecutionResult>
      outcome.setResultProcessor(
        (_, fetchAPI) => streamResponse(results, { format, timer, heartbeatTicks, fetchAPI, isFinal }),
        format.contentType,
      )
    },
  }

  /** Returns the error if the user has too many streams. */
  function takeSlot(session: Session | undefined): Dispose | ParleyError {
    if (session === undefined) return () => undefined
    try {
      const use = liveLimits.take(session.viewer.userId, 'stream')
      return () => use.dispose()
    } catch (error) {
      if (error instanceof ParleyError) return error
      throw error
    }
  }

  function openStream(
    results: AsyncIterable<ExecutionResult>,
    { session, signal, onClose }: Request,
  ): ResultStream {
    const source = results[Symbol.asyncIterator]()
    const checkToken = (): void => {
      const end = endOf(session, clock.now())
      if (end !== undefined) endWith(stream, tokenEnded(end))
    }
    const stopTokenChecks = timer.add(checkToken)
    function onGone(): void {
      stream.return().catch((error: unknown) => logger.error({ err: error }, 'closing a stream failed'))
    }
    const stream: ResultStream = new PushStream<never, ExecutionResult>({
      items: () => source,
      onClose() {
        open.delete(stream)
        onClose()
        stopTokenChecks()
        signal.removeEventListener('abort', onGone)
        return source.return?.()
      },
    })
    open.set(stream, checkToken)
    signal.addEventListener('abort', onGone, { once: true })
    if (signal.aborted) onGone()
    return stream
  }

  /** A stream that was never read has done nothing yet. */
  function closeUnread(results: AsyncIterable<ExecutionResult>): void {
    const closing = results[Symbol.asyncIterator]().return?.()
    closing?.catch((error: unknown) => logger.error({ err: error }, 'closing a stream failed'))
  }

  function endWith(stream: ResultStream, error: ParleyError): void {
    const final = clientError(error)
    finals.add(final)
    stream.cut({ errors: [final] })
  }

  async function closeInWaves({ deadlineMs }: Readonly<{ deadlineMs: number }>): Promise<void> {
    await inWaves([...open.keys()], deadlineMs, (stream) => endWith(stream, restarting()))
    isClosing = true
    for (const stream of open.keys()) endWith(stream, restarting())
  }

  // For the life of the gateway, as the streams themselves.
  authenticator.onRevocation(() => {
    for (const checkToken of open.values()) checkToken()
  })

  return { plugin, closeInWaves }
}

function tokenEnded(end: SessionEnd): ParleyError {
  const what = end === 'expired' ? 'The token has expired.' : 'The token was revoked.'
  return new ParleyError('UNAUTHENTICATED', `${what} Subscribe again with a new one.`)
}

function restarting(): ParleyError {
  return unavailable('This gateway is restarting. Subscribe again.')
}

function notAcceptable(): GraphQLError {
  const error = clientError(badInput(NO_STREAM))
  hintHttp(error, { status: 406 })
  return error
}

const NO_STREAM =
  'A subscription needs a stream. Send "Accept: text/event-stream" or ' +
  '"Accept: multipart/mixed; subscriptionSpec=1.0", or use a WebSocket with graphql-transport-ws.'
