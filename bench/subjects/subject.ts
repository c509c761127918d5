import type { WorkloadName } from '../load/process.ts'
import type { Load, Opening } from '../load/workload.ts'
import type { Target } from '../targets/target.ts'

/** A load, with the name under which it appears in the report. */
export type Step = Readonly<{ name: string; load: Partial<Load> }>

/** A figure in the report. */
export type Figure = Readonly<{
  key: string
  title: string
  unit: string
  /** Whether a higher value is better. Decides how to read a ratio. */
  isHigherBetter: boolean
}>

/** Something to measure: the same work for Parley and for peers. */
export type Subject = Readonly<{
  name: string
  summary: string
  workload: WorkloadName
  /** The peers, besides Parley. */
  peers: readonly Target[]
  /** Numbers of gateways. Each is measured separately. */
  gateways: readonly number[]
  opening: Pick<Opening, 'pairs' | 'members'>
  steps: readonly Step[]
  figures: readonly Figure[]
  /** The divisor of CPU time, as in "CPU µs per message". */
  unitOfWork: string
}>

export const LATENCY_FIGURES: readonly Figure[] = [
  { key: 'p50', title: 'send → receive p50', unit: 'ms', isHigherBetter: false },
  { key: 'p99', title: 'send → receive p99', unit: 'ms', isHigherBetter: false },
]
