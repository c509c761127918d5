import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Inside } from '../inside/ask.ts'
import { type LoadProcess, startLoad } from '../load/remote.ts'
import type { Load, Opening } from '../load/workload.ts'
import { markdown, plain } from '../report/markdown.ts'
import { type Place, SECRET, startPlace } from '../servers/place.ts'
import type { Options, Subject } from '../subjects/subject.ts'
import { parley } from '../targets/parley.ts'
import type { System } from '../targets/target.ts'
import { hopsTable } from './hops.ts'
import { countSystemCalls, hasStrace, readSwitches, type SystemCalls } from './kernel.ts'
import { allocationCosts, costsTable, cpuCosts } from './profile.ts'
import { type Observed, startInterval } from '../measure/interval.ts'

/*
 * One message, hop by hop. Each question gets a run of its own, because the tools that answer it slow the gateways
 * down: first nothing, then strace, the heap sampler twice, the CPU profiler, and the spans last, since an SDK stays.
 */

const [PAIRS, SATURATED_PAIRS] = [200, 300]
const US_PER_MS = 1_000
const BYTES_PER_KB = 1_024
const TOP = 10

type Setting = Readonly<{ place: Place; system: System; rated: LoadProcess; load: Load; folder: string }>
type Section = Readonly<{ title: string; text: string }>

export const trace: Subject = {
  name: 'trace',
  summary: 'where the time of a message goes: hops, wake-ups, system calls, allocations, CPU profile',
  async run(options) {
    const sections = await measure(options)
    const text = ['# trace', ...sections.map(({ title, text }) => `## ${title}\n\n${text}`)].join('\n\n')
    await mkdir(options.out, { recursive: true })
    await writeFile(join(options.out, 'trace.md'), `${text}\n`)
    return text
  },
}

async function measure({
  seconds,
  warmUp,
  rates: [perSecond = 500] = [],
  pairs = PAIRS,
}: Options): Promise<readonly Section[]> {
  await using resources = new AsyncDisposableStack()
  const place = resources.use(await startPlace())
  const system = resources.use(await parley.start(place, { gateways: 2, isOpen: true }))
  const opening: Opening = { urls: system.urls, secret: SECRET, pairs, members: 0 }
  const rated = resources.use(await startLoad('openLoop', opening))
  const load = { seconds, perSecond, inFlight: 1 }
  const setting = { place, system, rated, load, folder: place.folder }
  await rated.run({ ...load, seconds: warmUp })
  const sections = [await measureKernel(setting)]
  if (hasStrace()) sections.push(await measureSystemCalls(setting))
  sections.push(await measureAllocations(setting, 'Allocations', (inside) => inside.startAllocations()))
  sections.push(await measureAllocations(setting, 'Promotions', (inside) => inside.startPromotions()))
  const title = `CPU profile of gateway 1`
  sections.push({ title: `${title} at ${perSecond}/s`, text: await profile(setting, () => rated.run(load)) })
  const crowd = { ...opening, pairs: Math.round((pairs * SATURATED_PAIRS) / PAIRS) }
  sections.push({ title: `${title} at saturation`, text: await profileSaturated(setting, crowd) })
  return [await measureHops(setting), ...sections]
}

async function measureHops({ system, rated, load }: Setting): Promise<Section> {
  const insides = system.gateways.map(({ inside }) => inside)
  for (const inside of insides) await inside.startSpans()
  const { count, figures } = await rated.run(load)
  const spans = (await Promise.all(insides.map((inside) => inside.takeSpans()))).flat()
  const ends = `Send → receive: ${plain(figures['p50'])} ms at the median, ${plain(figures['p99'])} ms at p99.`
  return {
    title: `Hops at ${load.perSecond}/s over two gateways`,
    text: `${hopsTable(spans, count)}\n\n${ends}`,
  }
}

/** CPU time and wake-ups, without any tool. */
async function measureKernel({ place, system, rated, load }: Setting): Promise<Section> {
  const observed: readonly Observed[] = [
    ...system.gateways.map(({ pid }, index) => ({ name: `gateway ${index + 1}`, pid })),
    { name: 'postgres', pid: place.postgresPid, withChildren: true },
    { name: 'redis', pid: system.redis.pid },
    { name: 'load', pid: rated.pid },
  ]
  const switchesOf = () => observed.map(({ pid, withChildren }) => readSwitches(pid, withChildren))
  const [before, end] = [switchesOf(), startInterval(observed)]
  const { count, figures } = await rated.run(load)
  const [usage, after] = [end(), switchesOf()]
  const rows = observed.map(({ name }, index) => {
    const per = (key: 'voluntary' | 'involuntary'): string =>
      plain(((after[index]?.[key] ?? NaN) - (before[index]?.[key] ?? NaN)) / count)
    return [
      name,
      plain(((usage.cpuMs[name] ?? NaN) * US_PER_MS) / count),
      per('voluntary'),
      per('involuntary'),
    ]
  })
  const table = markdown([['process', 'CPU, µs', 'wake-ups', 'pre-emptions'], ...rows])
  const others = `Send → receive: ${plain(figures['p50'])} / ${plain(figures['p99'])} ms (p50 / p99). Other processes took ${plain(usage.others * 100)} % of the machine.`
  return { title: `Per message at ${load.perSecond}/s`, text: `${table}\n\n${others}` }
}

async function measureSystemCalls({ system, rated, load, folder }: Setting): Promise<Section> {
  const pids = [...system.gateways.map(({ pid }) => pid), system.redis.pid]
  const names = ['gateway 1', 'gateway 2', 'redis']
  const stops = await Promise.all(pids.map((pid) => countSystemCalls(pid, join(folder, `strace-${pid}`))))
  const { count } = await rated.run(load)
  const counted = await Promise.all(stops.map((stop) => stop()))
  const total = (calls: SystemCalls): number => [...calls.values()].reduce((sum, value) => sum + value, 0)
  const calls = [...new Set(counted.flatMap((one) => [...one.keys()]))]
    .sort((a, b) => sumOf(counted, b) - sumOf(counted, a))
    .slice(0, TOP)
  const rows = calls.map((call) => [call, ...counted.map((one) => plain((one.get(call) ?? 0) / count))])
  const all = ['all', ...counted.map((one) => plain(total(one) / count))]
  return { title: 'System calls per message', text: markdown([['', ...names], all, ...rows]) }
}

function sumOf(counted: readonly SystemCalls[], call: string): number {
  return counted.reduce((sum, calls) => sum + (calls.get(call) ?? 0), 0)
}

/** Promotions are objects that get into the old generation: young collections copy them, and full ones free them. */
async function measureAllocations(
  { system, rated, load }: Setting,
  title: 'Allocations' | 'Promotions',
  start: (inside: Inside) => Promise<void>,
): Promise<Section> {
  const insides = system.gateways.map(({ inside }) => inside)
  for (const inside of insides) await start(inside)
  const { count } = await rated.run(load)
  const costs = (await Promise.all(insides.map((inside) => inside.stopAllocations()))).map(allocationCosts)
  const sums = costs.map(
    ({ bytes }, index) => `gateway ${index + 1}: ${plain(bytes / BYTES_PER_KB / count)} kB`,
  )
  const [first] = costs
  return {
    title: `${title} per message`,
    text: `${sums.join(', ')}. Of gateway 1:\n\n${first === undefined ? '' : costsTable(first)}`,
  }
}

async function profile({ system }: Setting, run: () => Promise<unknown>): Promise<string> {
  const inside = system.gateways[0]?.inside
  await inside?.startCpuProfile()
  await run()
  const recorded = await inside?.stopCpuProfile()
  return recorded === undefined ? '' : costsTable(cpuCosts(recorded))
}

/** Its users leave at the end. Otherwise the later runs would deliver every message twice. */
async function profileSaturated(setting: Setting, crowd: Opening): Promise<string> {
  await using saturated = await startLoad('closedLoop', crowd)
  return await profile(setting, () => saturated.run(setting.load))
}
