import { withTimeout } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** Runs work that publishes, so that a bus that hangs costs a bounded part of memory and no more. */
export type BoundedPublisher = Readonly<{
  /**
   * Resolves when the work is done, or given up. Never rejects. Work is skipped if too much is outstanding, and counts
   * as failed if it is late. Either calls `onUndelivered`, unless `isRecoverable` is false: then no gateway could find
   * in the database what it did not receive.
   */
  run(work: () => Promise<void>, isRecoverable?: boolean): Promise<void>
  /** Resolves when everything that was run is done or given up. */
  drained(): Promise<void>
}>

export type PublisherBounds = Readonly<{
  /** From the start of the work to the last gateway that was sent its message, in milliseconds. */
  deadlineMs: number
  /** Pieces of work that the bus has not finished, late ones included. */
  maxOutstanding: number
}>

type Dependencies = Readonly<{
  /** Other gateways may have missed something. Called often while the bus is away. */
  onUndelivered(): void
  metrics: Pick<Metrics, 'undelivered'>
  logger: Logger
  bounds?: Partial<PublisherBounds>
}>

const BOUNDS: PublisherBounds = { deadlineMs: 3_000, maxOutstanding: 1_000 }

export function createBoundedPublisher(dependencies: Dependencies): BoundedPublisher {
  const { onUndelivered, metrics, logger } = dependencies
  const { deadlineMs, maxOutstanding } = { ...BOUNDS, ...dependencies.bounds }
  let inTime = 0
  /** Late work is not `inTime` any more, but holds memory until the bus finishes it. */
  let outstanding = 0
  let drains: (() => void)[] = []

  async function counted(work: () => Promise<void>): Promise<void> {
    outstanding += 1
    try {
      await work()
    } finally {
      outstanding -= 1
    }
  }

  function endDrains(): void {
    const waiting = drains
    drains = []
    for (const resolve of waiting) resolve()
  }

  function reportUndelivered(reason: 'failed' | 'too-many'): void {
    metrics.undelivered.inc({ reason })
    onUndelivered()
  }

  return {
    async run(work, isRecoverable = true) {
      if (outstanding >= maxOutstanding) {
        if (isRecoverable) reportUndelivered('too-many')
        return
      }
      const done = withTimeout(
        deadlineMs,
        counted(work),
        () => new Error('The bus did not answer in time'),
      ).catch((error: unknown) => {
        logger.warn({ err: error }, 'publish to other gateways failed; they must resync')
        if (isRecoverable) reportUndelivered('failed')
      })
      inTime += 1
      await done
      inTime -= 1
      if (inTime === 0) endDrains()
    },
    drained() {
      return inTime === 0 ? Promise.resolve() : new Promise((resolve) => void drains.push(resolve))
    },
  }
}
