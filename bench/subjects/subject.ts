import type { WorkloadName } from '../load/process.ts'
import type { Load, Opening } from '../load/workload.ts'
import type { Target } from '../targets/target.ts'

/** A load, with the name under which it appears in the report. */
export type Step = Readonly<{ name: string; load: Partial<Load> }>

/** A figure in the report. `isDetail`: the chart of a curve leaves it out. */
export type Figure = Readonly<{ key: string; title: string; unit: string; isDetail?: boolean }>

/** The same work for Parley and for peers, who take turns. */
export type Comparison = Readonly<{
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
  /** Whether memory is measured inside the gateways. */
  isOpen?: boolean
  /** Changes to the load in the run before the rounds. Default: none. */
  warmUp?: Partial<Load> | 'none'
}>

/** The command line of the benchmark. */
export type Options = Readonly<{
  rounds: number
  seconds: number
  warmUp: number
  targets?: readonly string[]
  baseline?: string
  gateways?: readonly number[]
  rates?: readonly number[]
  pairs?: number
  members?: number
  /** Sizes of the databases of `growth`. */
  messages?: readonly number[]
  /** Also takes a CPU profile of a gateway. */
  profile?: boolean
  out: string
}>

/** Something to measure. */
export type Subject = Readonly<{
  name: string
  summary: string
  /** Runs only if it is named. */
  isLong?: boolean
  /** Measures, writes the results into the folder `out`, and returns them as Markdown. */
  run(options: Options): Promise<string>
}>

export const LATENCY_FIGURES: readonly Figure[] = [
  { key: 'p50', title: 'send → receive p50', unit: 'ms' },
  { key: 'p99', title: 'send → receive p99', unit: 'ms' },
]

export function throughput(title: string): Figure {
  return { key: 'perSecond', title, unit: '/s' }
}
