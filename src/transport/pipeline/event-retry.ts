import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { isTransient } from '../../api/masking.ts'
import { backoffMs } from '../../lib/backoff.ts'
import { pause } from '../../lib/async.ts'

const BACKOFF = { firstMs: 100, maxMs: 2_000 }

/**
 * Lets no event of a subscription be lost to a passing fault. What a client selects of an event may have to be read,
 * and when the database is away just then, the event would become an error: the client would never see it, and see the
 * next. So an event is tried until it can be told, and those behind it wait their turn in the stream's own queue;
 * should that overflow meanwhile, the client is cut off, and catches up. An error that would come again and again is
 * the client's to see.
 */
export function useEventRetry(): Plugin {
  return {
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(subscribeSteadily)
    },
  }
}

/** As `subscribe` of graphql-js, which this is but for the trying again. */
async function subscribeSteadily(
  args: ExecutionArgs,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const source = await createSourceEventStream(args)
  return Symbol.asyncIterator in source ? steady(source, args) : source
}

function steady(source: AsyncIterable<unknown>, args: ExecutionArgs): AsyncIterableIterator<ExecutionResult> {
  const events = source[Symbol.asyncIterator]()
  const ended = new AbortController()

  async function tell(event: unknown): Promise<ExecutionResult> {
    for (let attempt = 0; ; attempt++) {
      const result = await execute({ ...args, rootValue: event })
      if (ended.signal.aborted || result.errors?.some(isTransient) !== true) return result
      await pause(backoffMs(attempt, BACKOFF), ended.signal)
    }
  }

  return {
    async next() {
      const next: IteratorResult<unknown, unknown> = await events.next()
      if (next.done === true) return { done: true, value: undefined }
      return { done: false, value: await tell(next.value) }
    },
    async return() {
      ended.abort()
      await events.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
