import type { Metrics } from '../../telemetry/metrics.ts'
import { classifyDatabaseError } from '../sql/database-error.ts'
import { type Freshness, freshnessHere } from './freshness.ts'
import type { Replica } from './replica.ts'
import type { ReadRoutes, Source } from '../sql/reader.ts'
import type { WalPosition } from '../sql/server-state.ts'

/** A replica, and the way to it. */
export type Choice = Readonly<{ replica: Replica; source: Source }>

type Dependencies = Readonly<{
  primary: Source
  /** Whether there is a primary to read from. */
  hasPrimary(): boolean
  replicas: readonly Choice[]
  /** Read from while there is no primary, and only then. */
  standIns: readonly Choice[]
  metrics: Pick<Metrics, 'reads'>
}>

/** Why the primary was read. */
type Why = 'latest' | 'no replica' | 'replicas away' | 'replicas behind' | 'replica failed' | 'kept'

export function createReadRoutes(dependencies: Dependencies): ReadRoutes {
  const { primary, hasPrimary, metrics } = dependencies
  const all = [...dependencies.replicas, ...dependencies.standIns]
  let turn = 0

  async function choose(freshness: Freshness | undefined): Promise<Choice | Why> {
    if (freshness === undefined) return 'latest'
    if (freshness.chosen === 'primary') return 'kept'
    const count = hasPrimary() ? dependencies.replicas.length : all.length
    if (count === 0) return 'no replica'
    const kept = freshness.chosen === undefined ? undefined : all[freshness.chosen]
    if (kept !== undefined) return kept.replica.isHealthy() ? kept : 'replicas away'
    const after = await freshness.after()
    return after === undefined ? 'latest' : chooseAfter(after, count, freshness)
  }

  /** Replicas take turns, so that they share the load. */
  async function chooseAfter(after: WalPosition, count: number, freshness: Freshness): Promise<Choice | Why> {
    const first = (turn += 1)
    const order = Array.from({ length: count }, (_, index) => (first + index) % count)
    const healthy = order.filter((index) => all[index]?.replica.isHealthy())
    for (const index of healthy) {
      if (!(await all[index]?.replica.reaches(after))) continue
      // Reads that began together have to agree.
      freshness.chosen ??= index
      return choose(freshness)
    }
    return healthy.length === 0 ? 'replicas away' : 'replicas behind'
  }

  async function readPrimary<Result>(
    read: (source: Source) => Promise<Result>,
    freshness: Freshness | undefined,
    why: Why,
  ): Promise<Result> {
    if (freshness !== undefined) freshness.chosen = 'primary'
    metrics.reads.inc({ from: 'primary', why })
    const result = await read(primary)
    if (freshness !== undefined) freshness.hasRead = true
    return result
  }

  /** On the replica that was chosen. Where it fails, the operation goes to the primary, or another standby. */
  async function readReplica<Result>(
    read: (source: Source) => Promise<Result>,
    { replica, source }: Choice,
    freshness: Freshness,
  ): Promise<Result> {
    try {
      const result = await read(source)
      freshness.hasRead = true
      metrics.reads.inc({ from: 'replica', why: 'fresh enough' })
      return result
    } catch (error) {
      if (classifyDatabaseError(error) === 'other') throw error
      replica.doubt()
      return mayBeginAgain(freshness)
        ? beginAgain(read, freshness)
        : readPrimary(read, freshness, 'replica failed')
    }
  }

  /** Whether an operation may go to another standby, as there is no primary just now: nothing newer was read yet. */
  function mayBeginAgain({ hasRead }: Freshness): boolean {
    return !hasPrimary() && !hasRead && all.some(({ replica }) => replica.isHealthy())
  }

  async function beginAgain<Result>(
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
    const why = typeof choice === 'string' ? choice : 'latest'
    const hadPrimary = hasPrimary()
    try {
      return await readPrimary(read, freshness, why)
    } catch (error) {
      const isPassing = classifyDatabaseError(error) !== 'other'
      if (freshness === undefined || !isPassing || !hadPrimary || !mayBeginAgain(freshness)) throw error
      return beginAgain(read, freshness)
    }
  }

  return (read) => route(read, freshnessHere())
}
