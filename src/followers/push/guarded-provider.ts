import {
  bulkhead,
  BrokenCircuitError,
  BulkheadRejectedError,
  circuitBreaker,
  ConsecutiveBreaker,
  handleWhenResult,
  type IPolicy,
  wrap,
} from 'cockatiel'
import { LRUCache } from 'lru-cache'
import type { PushOutcome, PushProvider } from './push-provider.ts'
import type { PushTarget } from './push-target.ts'

/** After this many failures in a row, a server is not asked for a while. */
const MAX_FAILURES = 5
const RETRY_AFTER_MS = 30_000
const MAX_SERVERS = 1_000

/**
 * Keeps the servers of a provider apart. One that is down or slow takes few places of its follower, and the messages to
 * the others go on. A message that is not sent for this reason is due again by the schedule. `maxAtOnce`: the most
 * requests to one server at a time.
 */
export function guardProvider<Target extends PushTarget>(
  { name, send }: PushProvider<Target>,
  serverOf: (target: Target) => string,
  maxAtOnce = Infinity,
): PushProvider<Target> {
  const guards = new LRUCache<string, IPolicy>({ max: MAX_SERVERS })

  function guardOf(server: string): IPolicy {
    const known = guards.get(server)
    if (known !== undefined) return known
    const isDown = handleWhenResult((result) => {
      const outcome = result as PushOutcome
      return outcome.type === 'retry' && outcome.isDown
    })
    const circuit = circuitBreaker(isDown, {
      halfOpenAfter: RETRY_AFTER_MS,
      breaker: new ConsecutiveBreaker(MAX_FAILURES),
    })
    const guard = wrap(bulkhead(maxAtOnce), circuit)
    guards.set(server, guard)
    return guard
  }

  return {
    name,
    async send(target, message) {
      const server = serverOf(target)
      try {
        return await guardOf(server).execute(() => send(target, message))
      } catch (error) {
        if (error instanceof BrokenCircuitError)
          return later(`${server} has failed ${MAX_FAILURES} times in a row`)
        if (error instanceof BulkheadRejectedError)
          return later(`${maxAtOnce} messages to ${server} are in progress`)
        throw error
      }
    },
  }
}

function later(reason: string): PushOutcome {
  return { type: 'retry', reason, afterMs: undefined, isDown: true }
}
