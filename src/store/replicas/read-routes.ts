import type { Metrics } from '../../telemetry/metrics.ts'
import { classifyDatabaseError } from '../sql/database-error.ts'
import type { ReadRoutes, Source } from '../sql/reader.ts'
import type { WalPosition } from '../sql/server-state.ts'
import { currentFreshness, type Freshness } from './freshness.ts'
import type { Replica } from './replica.ts'

/** A replica and its connections. */
export type ReplicaSource = Readonly<{ replica: Replica; source: Source }>

type Dependencies = Readonly<{
  primary: Source
  /** Whether a primary is known. */
  hasPrimary(): boolean
  replicas: readonly ReplicaSource[]
  /** Read from only while there is no primary. */
  fallbacks: readonly ReplicaSource[]
  metrics: Pick<Metrics, 'reads'>
}>

/** Why a read went to the primary. */
type PrimaryReason = 'latest' | 'no replica' | 'replicas away' | 'replicas behind' | 'replica failed' | 'kept'

/** A repeated read must still be answered in time: a statement may take 7 s, and an operation 10 s. */
const REPEAT_WITHIN_MS = 2_000

/**
 * Repeats a read whose connection was lost. When a server restarts, its idle connections end. One may be used before
 * the gateway has noticed, and a read does no harm twice. It is not repeated here if another server can answer it.
 */
async function repeatedOnce<Result>(
  read: () => Promise<Result>,
  canGoElsewhere: () => boolean,
): Promise<Result> {
  const startedAt = performance.now()
  try {
    return await read()
  } catch (error) {
    const isLost = classifyDatabaseError(error) === 'unknown-outcome'
    if (!isLost || performance.now() - startedAt > REPEAT_WITHIN_MS || canGoElsewhere()) throw error
    return read()
  }
}

export function createReadRoutes(dependencies: Dependencies): ReadRoutes {
  const { primary, hasPrimary, metrics } = dependencies
  const all = [...dependencies.replicas, ...dependencies.fallbacks]
  let turn = 0

  async function choose(freshness: Freshness | undefined): Promise<ReplicaSource | PrimaryReason> {
    if (freshness === undefined) return 'latest'
    if (freshness.chosen === 'primary') return 'kept'
    const count = hasPrimary() ? dependencies.replicas.length : all.length
    if (count === 0) return 'no replica'
    const kept = freshness.chosen === undefined ? undefined : all[freshness.chosen]
    if (kept !== undefined) return kept.replica.isHealthy() ? kept : 'replicas away'
    const position = await freshness.requiredPosition()
    return position === undefined ? 'latest' : chooseReplica(position, count, freshness)
  }

  /** Starts at the next replica each time, so that replicas share the load. */
  async function chooseReplica(
    position: WalPosition,
    count: number,
    freshness: Freshness,
  ): Promise<ReplicaSource | PrimaryReason> {
    const first = (turn += 1)
    const order = Array.from({ length: count }, (_, index) => (first + index) % count)
    const healthy = order.filter((index) => all[index]?.replica.isHealthy())
    for (const index of healthy) {
      if (!(await all[index]?.replica.reaches(position))) continue
      // A concurrent read of the same operation may have chosen meanwhile. Its choice counts.
      freshness.chosen ??= index
      return choose(freshness)
    }
    return healthy.length === 0 ? 'replicas away' : 'replicas behind'
  }

  async function readPrimary<Result>(
    read: (source: Source) => Promise<Result>,
    freshness: Freshness | undefined,
    reason: PrimaryReason,
  ): Promise<Result> {
    if (freshness !== undefined) freshness.chosen = 'primary'
    metrics.reads.inc({ from: 'primary', reason })
    const result = await repeatedOnce(
      () => read(primary),
      () => freshness !== undefined && mayChooseAgain(freshness),
    )
    if (freshness !== undefined) freshness.hasRead = true
    return result
  }

  /** Reads from the chosen replica. If it fails, repeats the read on the primary, or on another standby without one. */
  async function readReplica<Result>(
    read: (source: Source) => Promise<Result>,
    { replica, source }: ReplicaSource,
    freshness: Freshness,
  ): Promise<Result> {
    try {
      const result = await read(source)
      freshness.hasRead = true
      metrics.reads.inc({ from: 'replica', reason: 'fresh enough' })
      return result
    } catch (error) {
      if (classifyDatabaseError(error) === 'other') throw error
      replica.reportFailure()
      return mayChooseAgain(freshness)
        ? chooseAgain(read, freshness)
        : readPrimary(read, freshness, 'replica failed')
    }
  }

  /** Whether the operation may switch to another standby: there is no primary, and nothing has been read yet. */
  function mayChooseAgain({ hasRead }: Freshness): boolean {
    return !hasPrimary() && !hasRead && all.some(({ replica }) => replica.isHealthy())
  }

  async function chooseAgain<Result>(
    read: (source: Source) => Promise<Result>,
    freshness: Freshness,
  ): Promise<Result> {
    freshness.chosen = undefined
    return route(read, freshness)
  }

  async function route<Result>(
    read: (source: Source) => Promise<Result>,
    freshness: Freshness | undefined,
  ): Promise<Result> {
    const choice = await choose(freshness)
    if (freshness !== undefined && typeof choice !== 'string') return readReplica(read, choice, freshness)
    const reason = typeof choice === 'string' ? choice : 'latest'
    const hadPrimary = hasPrimary()
    try {
      return await readPrimary(read, freshness, reason)
    } catch (error) {
      const isTransient = classifyDatabaseError(error) !== 'other'
      if (freshness === undefined || !isTransient || !hadPrimary || !mayChooseAgain(freshness)) throw error
      return chooseAgain(read, freshness)
    }
  }

  return (read) => route(read, currentFreshness())
}
