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
  const inTime = new Set<Promise<void>>()
  /** Late work is not in `inTime` any more, but holds memory until the bus finishes it. */
  let outstanding = 0

  async function counted(work: () => Promise<void>): Promise<void> {
    outstanding += 1
    try {
      await work()
    } finally {
      outstanding -= 1
    }
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
      inTime.add(done)
      await done.finally(() => inTime.delete(done))
    },
    async drained() {
      await Promise.all(inTime)
    },
  }
}
