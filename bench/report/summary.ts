import { DISTURBED_SHARE, type Sample } from '../measure/rounds.ts'
import { type Spread, spreadOf } from '../measure/statistics.ts'
import type { Comparison } from '../subjects/subject.ts'

/** The figures of one system in one step, over all rounds. */
export type Cell = Readonly<{
  target: string
  gateways: number
  step: string
  figures: Readonly<Record<string, Spread>>
  /** CPU microseconds per unit of work: of each process, and of all but the load generator. */
  cpuUs: Readonly<Record<string, Spread>>
  memoryMb: Readonly<Record<string, Spread>>
  /** Share of the machine that other processes took. */
  others: Spread
  disturbedRounds: number
  rounds: number
}>

const US_PER_MS = 1_000
const LOAD = 'load'
/** The sum over all processes of a system, without the load generator. */
export const SYSTEM = 'system'

/** Summarizes samples, in the order in which systems and steps first appear. */
export function summarize(samples: readonly Sample[], subject: Comparison): readonly Cell[] {
  const groups = Map.groupBy(samples, ({ target, gateways, step }) => `${gateways} ${step} ${target}`)
  return [...groups.values()].map((group) => cellOf(group, subject))
}

function cellOf(group: readonly Sample[], { figures }: Comparison): Cell {
  const { target, gateways, step, usage } = group[0] as Sample
  const names = Object.keys(usage.cpuMs)
  const spreads = (keys: readonly string[], valueOf: (sample: Sample, key: string) => number) =>
    Object.fromEntries(keys.map((key) => [key, spreadOf(group.map((sample) => valueOf(sample, key)))]))
  return {
    target,
    gateways,
    step,
    figures: spreads(
      [...figures.map(({ key }) => key), 'refused', 'lost'],
      ({ outcome }, key) => outcome.figures[key] ?? NaN,
    ),
    cpuUs: spreads([SYSTEM, ...names], cpuPerUnit),
    memoryMb: spreads(names, (sample, name) => sample.usage.memoryMb[name] ?? NaN),
    others: spreadOf(group.map((sample) => sample.usage.others)),
    disturbedRounds: group.filter((sample) => sample.usage.others > DISTURBED_SHARE).length,
    rounds: group.length,
  }
}

function cpuPerUnit({ usage, outcome }: Sample, name: string): number {
  const ms =
    name === SYSTEM
      ? Object.entries(usage.cpuMs).reduce((sum, [key, value]) => sum + (key === LOAD ? 0 : value), 0)
      : (usage.cpuMs[name] ?? NaN)
  return (ms * US_PER_MS) / outcome.count
}
