import { quantile } from '../peak/second.ts'
import { type DeedName, type Deeds, DEEDS } from './deeds.ts'
import { BEHIND } from './measured-people.ts'
import type { Size } from './sizes.ts'

/** Milliseconds of one kind of deed at one size: of all, and how far apart the passes' medians were. */
export type Latency = Readonly<{ p50: number; p99: number; lowestP50: number; highestP50: number }>

/** Of one size. */
export type Measured = Readonly<{
  latencies: Readonly<Record<DeedName, Latency>>
  /** Events a second, the middle one of several replays, and the slowest and fastest. */
  replays: Readonly<Record<keyof typeof BEHIND, readonly [slowest: number, middle: number, fastest: number]>>
}>

const PASSES = 5
const DEEDS_PER_PASS = 100
const WARM_UP = 50
const REPLAYS = 9

const NAMES = Object.keys(DEEDS) as readonly DeedName[]
const DEVICES = Object.keys(BEHIND) as readonly (keyof typeof BEHIND)[]

/** One after the other, the sizes in turn, so that whatever else the machine does meets all of them alike. */
export async function measure(all: ReadonlyMap<Size, Deeds>): Promise<ReadonlyMap<Size, Measured>> {
  const replays = await timeReplays(all)
  const passes: Samples[] = []
  await timePass(all, WARM_UP)
  for (let pass = 0; pass < PASSES; pass += 1) passes.push(await timePass(all, DEEDS_PER_PASS))
  const latencyOf = (size: Size, name: DeedName): Latency => {
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

type Samples = ReadonlyMap<Size, Readonly<Record<DeedName, number[]>>>

async function timePass(all: ReadonlyMap<Size, Deeds>, count: number): Promise<Samples> {
  const samples: Samples = new Map(
    [...all.keys()].map((size) => [size, { send: [], sendToLargest: [], history: [], chatList: [] }]),
  )
  for (let turn = 0; turn < count; turn += 1) {
    for (const name of NAMES) {
      for (const [size, deeds] of rotated([...all], turn)) {
        const began = performance.now()
        await deeds[name]()
        samples.get(size)?.[name].push(performance.now() - began)
      }
    }
  }
  return samples
}

async function timeReplays(all: ReadonlyMap<Size, Deeds>): Promise<ReadonlyMap<Size, Measured['replays']>> {
  const speeds = new Map<Size, Speeds>()
  for (const size of all.keys()) speeds.set(size, { 'phone-1000': [], 'phone-10000': [] })
  for (let turn = 0; turn <= REPLAYS; turn += 1) {
    for (const device of DEVICES) {
      for (const [size, deeds] of rotated([...all], turn)) {
        const speed = await speedOf(deeds, device)
        // The first of each warms everything up.
        if (turn > 0) speeds.get(size)?.[device].push(speed)
      }
    }
  }
  return new Map([...speeds].map(([size, ofDevices]) => [size, middlesOf(ofDevices)]))
}

type Speeds = Record<keyof typeof BEHIND, number[]>

async function speedOf(deeds: Deeds, device: keyof typeof BEHIND): Promise<number> {
  const began = performance.now()
  const events = await deeds.replay(device)
  const seconds = (performance.now() - began) / 1000
  if (events !== BEHIND[device]) throw new Error(`${device} was given ${events} events`)
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
