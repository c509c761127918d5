import { createSourceEventStream, type ExecutionArgs, type ExecutionResult } from 'graphql'
import { toClientError } from '../../api/masking.ts'
import { SinkStream } from '../../delivery/sink-stream.ts'
import { PushStream } from '../../lib/push-stream.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Outcome } from './engine.ts'
import { executeWithRetry } from './event-retry.ts'

/** Subscribes as the engine does, but keeps little memory for each subscription. Errors are for the client. */
export type Subscribe = (args: ExecutionArgs) => Promise<Outcome>

type Options = Readonly<{
  /** Whether errors about variables come without suggestions. */
  hideSuggestions: boolean
  logger: Logger
}>

const DONE = { done: true, value: undefined } as const

/**
 * The engine wraps the results of a subscription once for each plugin, with objects that live as long as the
 * subscription: most of what an idle connection would keep. Those plugins serve HTTP, so WebSockets do without them.
 */
export function createSubscribe({ hideSuggestions, logger }: Options): Subscribe {
  function masked({ errors, ...rest }: ExecutionResult): ExecutionResult {
    return errors === undefined
      ? rest
      : { ...rest, errors: errors.map((error) => toClientError(error, logger)) }
  }

  return async (args) => {
    const events = await createSourceEventStream(Object.assign(args, { hideSuggestions }))
    if (!(Symbol.asyncIterator in events)) return masked(events)
    return events instanceof SinkStream ? events : new EventResults(events, args, masked)
  }
}

/** The results of the events of a stream, one execution at a time. */
class EventResults implements AsyncGenerator<ExecutionResult, void, void> {
  readonly #events: PushStream<never, unknown>
  readonly #args: ExecutionArgs
  readonly #masked: (result: ExecutionResult) => ExecutionResult
  #executing: AbortController | undefined
  #isClosed = false

  constructor(
    events: AsyncIterable<unknown>,
    args: ExecutionArgs,
    masked: (result: ExecutionResult) => ExecutionResult,
  ) {
    this.#events = closable(events)
    this.#args = args
    this.#masked = masked
  }

  next(): Promise<IteratorResult<ExecutionResult, void>> {
    return this.#events.next().then((event) => (event.done === true ? DONE : this.#execute(event.value)))
  }

  async return(): Promise<IteratorReturnResult<void>> {
    this.#isClosed = true
    this.#executing?.abort()
    await this.#events.return()
    return DONE
  }

  async throw(error: unknown): Promise<never> {
    await this.return()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async #execute(event: unknown): Promise<IteratorResult<ExecutionResult, void>> {
    const executing = new AbortController()
    this.#executing = executing
    const result = await executeWithRetry({ ...this.#args, rootValue: event }, executing.signal)
    this.#executing = undefined
    return this.#isClosed ? DONE : { done: false, value: this.#masked(result) }
  }
}

/** The `return` of a push stream ends a `next` that waits. That of other sources may have to wait for it. */
function closable(events: AsyncIterable<unknown>): PushStream<never, unknown> {
  if (events instanceof PushStream) return events as PushStream<never, unknown>
  const source = events[Symbol.asyncIterator]()
  return new PushStream<never, unknown>({
    items: () => source as AsyncIterator<unknown, undefined>,
    onClose: () => source.return?.(),
  })
}
