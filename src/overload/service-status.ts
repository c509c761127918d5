import { NewestByKeyQueue } from '../lib/bounded-queue.ts'
import { PushStream } from '../lib/push-stream.ts'
import { type Feature, pausedAt } from './features.ts'
import type { ServiceLevel } from './levels.ts'

/** The load status that clients see. */
export type ServiceStatus = Readonly<{ level: ServiceLevel; since: Date; paused: readonly Feature[] }>

export function statusAt(level: ServiceLevel, sinceMs: number): ServiceStatus {
  return { level, since: new Date(sinceMs), paused: pausedAt(level) }
}

/** The present status, and a stream of it for each subscriber. */
export class StatusFeed {
  #present: ServiceStatus
  readonly #streams = new Set<PushStream<ServiceStatus>>()

  constructor(initial: ServiceStatus) {
    this.#present = initial
  }

  get present(): ServiceStatus {
    return this.#present
  }

  publish(status: ServiceStatus): void {
    this.#present = status
    for (const stream of this.#streams) stream.push(status)
  }

  /** The present status, then each change. A slow reader gets the newest status and misses those before it. */
  subscribe(): PushStream<ServiceStatus> {
    const stream: PushStream<ServiceStatus> = new PushStream({
      queue: new NewestByKeyQueue(() => 'status'),
      onClose: () => this.#streams.delete(stream),
    })
    this.#streams.add(stream)
    stream.push(this.#present)
    return stream
  }
}
