import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { isTransient } from '../../api/masking.ts'
import { pause } from '../../lib/async.ts'
import { backoffMs } from '../../lib/backoff.ts'
import { PushStream } from '../../lib/push-stream.ts'
import { withinSize } from './answer-size.ts'

const BACKOFF = { firstMs: 100, maxMs: 2_000 }

/**
 * Retries the execution of an event that fails for a transient reason, so that a subscription loses no event. A
 * selected field may need a read. If the database is away at that moment, the event would become an error, and the
 * client would go on with the next event. While an event is retried, later ones wait in the queue of their stream. If
 * that overflows, the client is cut off and catches up after it reconnects. A lasting error is delivered to the
 * client.
 */
export function useEventRetry(): Plugin {
  return {
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(subscribeWithRetry)
    },
  }
}

/** As `subscribe` of graphql-js, with the retry added. */
async function subscribeWithRetry(
  args: ExecutionArgs,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const events = await createSourceEventStream(args)
  return Symbol.asyncIterator in events ? resultsOf(events[Symbol.asyncIterator](), args) : events
}

function resultsOf(
  events: AsyncIterator<unknown, unknown>,
  args: ExecutionArgs,
): PushStream<never, ExecutionResult> {
  return new PushStream<never, ExecutionResult>({
    async *items({ signal }) {
      for (;;) {
        const event: IteratorResult<unknown, unknown> = await events.next()
        if (event.done === true) return
        yield await executeWithRetry({ ...args, rootValue: event.value }, signal)
      }
    },
    onClose: () => events.return?.(),
  })
}

/**
 * Executes the operation for one event. Retries until the result has no transient error, or the signal aborts. A result
 * that is too long becomes an error.
 */
export async function executeWithRetry(args: ExecutionArgs, signal: AbortSignal): Promise<ExecutionResult> {
  for (let attempt = 0; ; attempt += 1) {
    const result = await execute(args)
    if (signal.aborted || result.errors?.some(isTransient) !== true) return withinSize(result)
    await pause(backoffMs(attempt, BACKOFF), signal)
  }
}
