import { type Feature, pausedAt } from './features.ts'
import type { ServiceLevel } from './levels.ts'

/** What clients are told of load. */
export type ServiceStatus = Readonly<{ level: ServiceLevel; since: Date; paused: readonly Feature[] }>

export function statusAt(level: ServiceLevel, sinceMs: number): ServiceStatus {
  return { level, since: new Date(sinceMs), paused: pausedAt(level) }
}

type Reader = { isBehind: boolean; isGone: boolean; woken: PromiseWithResolvers<void> }

/**
 * The present status, for whoever follows it. A reader who is slow is given the newest and not what lay between, so
 * nothing ever queues.
 */
export class StatusFeed {
  #present: ServiceStatus
  readonly #readers = new Set<Reader>()

  constructor(first: ServiceStatus) {
    this.#present = first
  }

  get present(): ServiceStatus {
    return this.#present
  }

  publish(status: ServiceStatus): void {
    this.#present = status
    for (const reader of this.#readers) {
      reader.isBehind = true
      wake(reader)
    }
  }

  /**
   * The present status at once, then each change. An iterator by hand, because an async generator's `return` would
   * wait for the next change.
   */
  subscribe(): AsyncIterableIterator<ServiceStatus, undefined> {
    const reader: Reader = { isBehind: true, isGone: false, woken: Promise.withResolvers() }
    this.#readers.add(reader)

    const end = (): Promise<IteratorReturnResult<undefined>> => {
      reader.isGone = true
      this.#readers.delete(reader)
      wake(reader)
      return Promise.resolve({ done: true, value: undefined })
    }
    const next = async (): Promise<IteratorResult<ServiceStatus, undefined>> => {
      while (!reader.isGone && !reader.isBehind) await reader.woken.promise
      reader.isBehind = false
      return reader.isGone ? { done: true, value: undefined } : { done: false, value: this.#present }
    }
    return {
      next,
      return: end,
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }
}

/** Wakes all who wait at the moment. */
function wake(reader: Reader): void {
  reader.woken.resolve()
  reader.woken = Promise.withResolvers()
}
