import { quantile } from '../measure/statistics.ts'
import { type OperationName, type Operations, OPERATIONS } from './operations.ts'
import { BEHIND } from './measured-users.ts'
import type { Size } from './sizes.ts'

/** Milliseconds of one operation at one size: quantiles of all samples, and the range of the passes' medians. */
export type Latency = Readonly<{ p50: number; p99: number; lowestP50: number; highestP50: number }>

/** The figures of one size. */
export type Measured = Readonly<{
  latencies: Readonly<Record<OperationName, Latency>>
  /** Events a second, the middle one of several replays, and the slowest and fastest. */
  replays: Readonly<Record<keyof typeof BEHIND, readonly [slowest: number, middle: number, fastest: number]>>
}>

const PASSES = 5
const OPERATIONS_PER_PASS = 100
const WARM_UP = 50
const REPLAYS = 9

const NAMES = Object.keys(OPERATIONS) as readonly OperationName[]
const DEVICES = Object.keys(BEHIND) as readonly (keyof typeof BEHIND)[]

/** Measures one operation at a time, the sizes in turn, so that other load on the machine affects all sizes alike. */
export async function measure(all: ReadonlyMap<Size, Operations>): Promise<ReadonlyMap<Size, Measured>> {
  const replays = await timeReplays(all)
  const passes: Samples[] = []
  await timePass(all, WARM_UP)
  for (let pass = 0; pass < PASSES; pass += 1) passes.push(await timePass(all, OPERATIONS_PER_PASS))
  const latencyOf = (size: Size, name: OperationName): Latency => {
    const each = passes.map((samples) => samples.get(size)?.[name] ?? [])
    const medians = each.map((times) => quantile(times, 0.5))
    const times = each.flat()
    return {
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      lowestP50: Math.min(...medians),
      highestP50: Math.max(...medians),
    }
  }
  const measured = [...all.keys()].map((size): [Size, Measured] => {
    const latencies = Object.fromEntries(NAMES.map((name) => [name, latencyOf(size, name)]))
    return [size, { latencies, replays: replays.get(size) } as Measured]
  })
  return new Map(measured)
}

type Samples = ReadonlyMap<Size, Readonly<Record<OperationName, number[]>>>

async function timePass(all: ReadonlyMap<Size, Operations>, count: number): Promise<Samples> {
  const samples: Samples = new Map(
    [...all.keys()].map((size) => [size, { send: [], sendToLargest: [], history: [], chatList: [] }]),
  )
  for (let turn = 0; turn < count; turn += 1) {
    for (const name of NAMES) {
      for (const [size, operations] of rotated([...all], turn)) {
        const began = performance.now()
        await operations[name]()
        samples.get(size)?.[name].push(performance.now() - began)
      }
    }
  }
  return samples
}

async function timeReplays(
  all: ReadonlyMap<Size, Operations>,
): Promise<ReadonlyMap<Size, Measured['replays']>> {
  const speeds = new Map<Size, Speeds>()
  for (const size of all.keys()) speeds.set(size, { 'phone-1000': [], 'phone-10000': [] })
  for (let turn = 0; turn <= REPLAYS; turn += 1) {
    for (const device of DEVICES) {
      for (const [size, operations] of rotated([...all], turn)) {
        const speed = await speedOf(operations, device)
        // The first of each is a warm-up.
        if (turn > 0) speeds.get(size)?.[device].push(speed)
      }
    }
  }
  return new Map([...speeds].map(([size, ofDevices]) => [size, middlesOf(ofDevices)]))
}

type Speeds = Record<keyof typeof BEHIND, number[]>

async function speedOf(operations: Operations, device: keyof typeof BEHIND): Promise<number> {
  const began = performance.now()
  const events = await operations.replay(device)
  const seconds = (performance.now() - began) / 1000
  if (events !== BEHIND[device]) throw new Error(`${device} received ${events} events`)
  return events / seconds
}

function middlesOf(speeds: Speeds): Measured['replays'] {
  const middle = (values: readonly number[]) =>
    [Math.min(...values), quantile(values, 0.5), Math.max(...values)] as const
  return { 'phone-1000': middle(speeds['phone-1000']), 'phone-10000': middle(speeds['phone-10000']) }
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  return items.map((_, index) => items[(index + by) % items.length] as Item)
}
