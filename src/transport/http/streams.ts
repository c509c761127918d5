import type { ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { hasExpired } from '../../auth/expiry.ts'
import type { Session } from '../../auth/session.ts'
import { ParleyError, unavailable } from '../../errors.ts'
import { clientError } from '../../api/masking.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Caller } from '../pipeline/caller.ts'
import { inWaves } from '../../lib/waves.ts'

const CHECK_EVERY_MS = 1_000

type Results = AsyncIterable<ExecutionResult>
type Next = IteratorResult<ExecutionResult, unknown>

/** A stream that can be ended from here: with this error as its last event. */
type OpenStream = Readonly<{ cut: (why: ParleyError) => void }>

type Bounds = Readonly<{
  session: Session | undefined
  /** Fires when the client goes away. */
  signal: AbortSignal
  /** The streams that are open. */
  open: Set<OpenStream>
  clock: Clock
  logger: Logger
}>

/** Subscriptions over HTTP (server-sent events). */
export type HttpStreams = Readonly<{
  /**
   * Ends each stream when its token runs out, with an UNAUTHENTICATED error as the last event, and when the client goes
   * away, even before the stream has begun. A WebSocket connection sees to both itself.
   */
  plugin: Plugin<{ caller?: Caller }>
  /**
   * Ends every stream, and from now on each that begins, with an UNAVAILABLE error as the last event, spread over three
   * quarters of the time. Resolves when the last one was told.
   */
  closeInWaves(options: Readonly<{ deadlineMs: number }>): Promise<void>
}>

export function createHttpStreams({ clock, logger }: Pick<Bounds, 'clock' | 'logger'>): HttpStreams {
  const open = new Set<OpenStream>()
  let isClosing = false

  const plugin: HttpStreams['plugin'] = {
    onSubscribe({ args }) {
      const { caller, request } = args.contextValue
      if (caller?.transport !== 'http') return undefined
      const bounds = { session: caller.session, signal: request.signal, open, clock, logger }
      return {
        onSubscribeResult({ result, setResult }) {
          if (!(Symbol.asyncIterator in result)) return
          setResult(bounded(result, bounds))
          if (isClosing) for (const stream of open) stream.cut(restarting())
        },
      }
    },
  }

  async function closeInWaves({ deadlineMs }: Readonly<{ deadlineMs: number }>): Promise<void> {
    await inWaves([...open], deadlineMs, (stream) => stream.cut(restarting()))
    isClosing = true
    for (const stream of open) stream.cut(restarting())
  }

  return { plugin, closeInWaves }
}

function bounded(
  results: Results,
  { session, signal, open, clock, logger }: Bounds,
): AsyncIterableIterator<ExecutionResult> {
  const source = results[Symbol.asyncIterator]()
  const stream: OpenStream = { cut }
  let timer: NodeJS.Timeout | undefined
  let onCut: (() => void) | undefined
  let reason: ParleyError | undefined
  let isOver = false

  function check(): void {
    if (hasExpired(session?.expiresAt, clock.now())) cut(expired())
  }

  function cut(why: ParleyError): void {
    reason ??= why
    onCut?.()
  }

  /** What comes first. Not Promise.race with one promise for the cut: it would hold on to every event. */
  function nextOrCut(): Promise<Next | ParleyError> {
    return new Promise((resolve, reject) => {
      onCut = () => reason && resolve(reason)
      onCut()
      source.next().then(resolve, reject)
    })
  }

  async function end(): Promise<IteratorReturnResult<undefined>> {
    isOver = true
    open.delete(stream)
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
      const first = await nextOrCut()
      if (!(first instanceof ParleyError)) return first.done === true ? await end() : first
      await end()
      return { done: false, value: { errors: [clientError(first)] } }
    } catch (error) {
      await end()
      throw error
    }
  }

  open.add(stream)
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

function restarting(): ParleyError {
  return unavailable('This gateway is restarting. Subscribe again.')
}
