import { type LoadProcess, startLoad } from '../load/remote.ts'
import type { Load, Outcome } from '../load/workload.ts'
import type { CpuProfile, Memory } from '../inside/agent.ts'
import { type Place, SECRET, startPlace } from '../servers/place.ts'
import type { Comparison, Step } from '../subjects/subject.ts'
import type { System, Target } from '../targets/target.ts'
import { Roster } from './roster.ts'
import { type Observed, startInterval, type Usage } from './interval.ts'

/*
 * Every system is started once, with its users connected. Then they take turns: one round of the first step, in
 * changing order, then the next round. A disturbance of the machine therefore meets all of them alike.
 */

/** One run of one system. */
export type Sample = Readonly<{
  target: string
  gateways: number
  step: string
  round: number
  outcome: Outcome
  usage: Usage
}>

export type RoundOptions = Readonly<{
  subject: Comparison
  targets: readonly Target[]
  rounds: number
  seconds: number
  warmUpSeconds: number
  report: (line: string) => void
  /** Receives a CPU profile of each system's first gateway after the rounds of a step. Default: none is taken. */
  onProfile?: ((profile: TakenProfile) => Promise<void>) | undefined
}>

export type TakenProfile = Readonly<{ target: string; step: string; gateways: number; profile: CpuProfile }>

/** Other processes took more than this share of the machine: the run counts as disturbed. */
export const DISTURBED_SHARE = 0.1

/** Why a system has no further samples with a number of gateways. */
export type Failure = Readonly<{ target: string; gateways: number; step: string; reason: string }>

export type Results = Readonly<{ samples: readonly Sample[]; failures: readonly Failure[] }>

type Running = AsyncDisposable &
  Readonly<{ target: Target; system: System; load: LoadProcess; observed: readonly Observed[] }>

/** A system that fails takes no further turns with its number of gateways. All others continue. */
export async function measure(options: RoundOptions): Promise<Results> {
  const results = []
  for (const gateways of options.subject.gateways) results.push(await measureWith(gateways, options))
  return {
    samples: results.flatMap(({ samples }) => samples),
    failures: results.flatMap(({ failures }) => failures),
  }
}

async function measureWith(gateways: number, options: RoundOptions): Promise<Results> {
  const { subject, rounds, warmUpSeconds, report, onProfile } = options
  const [samples, failures]: [Sample[], Failure[]] = [[], []]
  await using place = await startPlace()
  await using roster = new Roster<Running>(({ name, during, reason }) => {
    report(`${during}, gateways: ${gateways}, ${name} FAILED: ${reason}`)
    failures.push({ target: name, gateways, step: during, reason })
  })
  const isOpen = subject.isOpen === true || onProfile !== undefined
  for (const target of options.targets) {
    report(`starting ${target.name}, gateways: ${gateways}`)
    await roster.add(target.name, () => start(target, place, { gateways, isOpen, subject }))
  }
  for (const step of subject.steps) {
    if (subject.warmUp !== 'none') {
      const warmUp = { ...loadOf(step, warmUpSeconds), ...subject.warmUp }
      await roster.turns(step.name, 0, async ({ load }) => void (await load.run(warmUp)))
    }
    for (let round = 0; round < rounds; round += 1)
      await roster.turns(step.name, round, async (one) => {
        const sample = await measureOnce(one, { gateways, step, round, options })
        report(lineOf(sample, subject))
        samples.push(sample)
      })
    if (onProfile !== undefined)
      await roster.turns(step.name, 0, async (one) => {
        const profile = await profileOf(one, loadOf(step, options.seconds))
        await onProfile({ target: one.target.name, step: step.name, gateways, profile })
      })
  }
  return { samples, failures }
}

/** Returns the CPU profile of the first gateway during one more run, which does not count: profiling has a cost. */
async function profileOf({ system, load }: Running, run: Load): Promise<CpuProfile> {
  const [gateway] = system.gateways
  if (gateway === undefined) throw new Error('There is no gateway to profile.')
  await gateway.inside.startCpuProfile()
  await load.run(run)
  return gateway.inside.stopCpuProfile()
}

type Start = Readonly<{ gateways: number; isOpen: boolean; subject: Comparison }>

async function start(target: Target, place: Place, { gateways, isOpen, subject }: Start): Promise<Running> {
  await using resources = new AsyncDisposableStack()
  const system = resources.use(await target.start(place, { gateways, isOpen }))
  const opening = { urls: system.urls, secret: SECRET, ...subject.opening }
  const load = resources.use(await startLoad(subject.workload, opening))
  const observed: readonly Observed[] = [
    ...system.gateways.map(({ pid }, index) => ({ name: `gateway ${index + 1}`, pid })),
    { name: 'postgres', pid: place.postgresPid, withChildren: true },
    { name: 'redis', pid: system.redis.pid },
    { name: 'load', pid: load.pid },
  ]
  const owned = resources.move()
  return { target, system, load, observed, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

type Turn = Readonly<{ gateways: number; step: Step; round: number; options: RoundOptions }>

async function measureOnce({ target, system, load, observed }: Running, turn: Turn): Promise<Sample> {
  const { gateways, step, round } = turn
  const { seconds, subject } = turn.options
  const isOpen = subject.isOpen === true
  const before = await memoryOf(system, isOpen)
  const end = startInterval(observed)
  const outcome = await load.run(loadOf(step, seconds))
  const usage = end()
  const kept = perConnection(before, await memoryOf(system, isOpen), outcome.count)
  return {
    target: target.name,
    gateways,
    step: step.name,
    round,
    outcome: { ...outcome, figures: { ...outcome.figures, ...kept } },
    usage,
  }
}

/** Memory of all gateways of a system that is open to the benchmark. */
async function memoryOf({ gateways }: System, isOpen: boolean): Promise<Memory | undefined> {
  if (!isOpen) return undefined
  const all = await Promise.all(gateways.map(({ inside }) => inside.memory()))
  const sum = (of: (memory: Memory) => number): number => all.reduce((total, memory) => total + of(memory), 0)
  return { heapKb: sum(({ heapKb }) => heapKb), residentKb: sum(({ residentKb }) => residentKb) }
}

function perConnection(
  before: Memory | undefined,
  after: Memory | undefined,
  count: number,
): Readonly<Record<string, number>> {
  if (before === undefined || after === undefined) return {}
  return {
    heapKb: (after.heapKb - before.heapKb) / count,
    residentKb: (after.residentKb - before.residentKb) / count,
  }
}

function loadOf(step: Step, seconds: number): Load {
  return { seconds, perSecond: 0, inFlight: 1, ...step.load }
}

function lineOf({ target, gateways, step, outcome, usage }: Sample, { figures }: Comparison): string {
  const values = figures.map(
    ({ key, title, unit }) => `${title} ${(outcome.figures[key] ?? NaN).toFixed(1)} ${unit}`,
  )
  const disturbed = usage.others > DISTURBED_SHARE ? `, disturbed (${Math.round(usage.others * 100)} %)` : ''
  return `${step}, gateways: ${gateways}, ${target}: ${values.join(', ')}${disturbed}`
}
