// npm run soak: hours of load in a steady state, to see whether anything grows. See docs/performance.md.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { startLoad } from '../load/remote.ts'
import type { Opening } from '../load/workload.ts'
import type { Observed } from '../measure/interval.ts'
import { plain } from '../report/markdown.ts'
import { SECRET, startPlace } from '../servers/place.ts'
import { parley } from '../targets/parley.ts'
import { measureMinute, type Minute, type Watched } from './minute.ts'
import { drawSoak, hasPassed, reportOf, type Soak } from './report.ts'

const OUT = join(import.meta.dirname, '..', '..', '.parley', 'soak')
const BEST_PAIRS = 300
const BEST_SECONDS = 20

type Options = Readonly<{
  minutes: number
  interval: number
  rate?: number
  pairs: number
  gateways: number
  out: string
}>

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('It must be a positive number.')
  return value
}

/** Ctrl-C ends the run: the report has the intervals so far. A second one ends the process. */
function onInterrupt(): AbortSignal {
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => {
      process.stderr.write('soak: stops, and writes the report. Press Ctrl-C again to end at once.\n')
      interrupted.abort()
    })
  return interrupted.signal
}

async function soak(options: Options, signal: AbortSignal): Promise<Soak> {
  const { gateways, pairs } = options
  await using resources = new AsyncDisposableStack()
  const place = resources.use(await startPlace())
  const system = resources.use(await parley.start(place, { gateways, isOpen: true }))
  const opening: Opening = { urls: system.urls, secret: SECRET, pairs, members: 0 }
  const best = options.rate === undefined ? await findBest(opening) : undefined
  const load = resources.use(await startLoad('soak', opening))
  const observed: readonly Observed[] = [
    ...system.gateways.map(({ pid }, index) => ({ name: `gateway ${index + 1}`, pid })),
    { name: 'postgres', pid: place.postgresPid, withChildren: true },
    { name: 'redis', pid: system.redis.pid },
    { name: 'load', pid: load.pid },
  ]
  const perSecond = options.rate ?? Math.round((best ?? 0) / 2)
  signal.addEventListener('abort', () => load.stop())
  const minutes = await run(
    { system, load, observed, databaseUrl: system.databaseUrl },
    perSecond,
    options,
    signal,
  )
  const ending = await load.run({ seconds: 0, perSecond: 0, inFlight: 1 })
  return {
    at: new Date().toISOString(),
    gateways,
    pairs,
    perSecond,
    ...(best !== undefined && { bestPerSecond: best }),
    intervalSeconds: options.interval,
    minutes,
    ending: ending.figures as Soak['ending'],
  }
}

async function run(
  watched: Watched,
  perSecond: number,
  { minutes: duration, interval }: Options,
  signal: AbortSignal,
): Promise<readonly Minute[]> {
  const minutes: Minute[] = []
  const count = Math.ceil((duration * 60) / interval)
  const isOver = (): boolean => signal.aborted || minutes.length === count
  while (!isOver()) {
    const minute = await measureMinute(minutes.length + 1, watched, { seconds: interval, perSecond })
    // An interval that was cut short is not like the others.
    if (isOver()) break
    minutes.push(minute)
    process.stderr.write(`soak: ${minutes.length} of ${count}: ${lineOf(minute)}\n`)
  }
  return minutes
}

/** The best throughput: a closed loop. Its users leave before the soak begins. */
async function findBest(opening: Opening): Promise<number> {
  process.stderr.write('soak: measuring the best throughput\n')
  await using closed = await startLoad('closedLoop', { ...opening, pairs: BEST_PAIRS })
  await closed.run({ seconds: BEST_SECONDS / 4, perSecond: 0, inFlight: 1 })
  const { figures } = await closed.run({ seconds: BEST_SECONDS, perSecond: 0, inFlight: 1 })
  return figures['perSecond'] ?? NaN
}

function lineOf(minute: Minute): string {
  const { offered, p50, p99, heapMb, residentMb, connections, descriptors, redisMb, redisKeys } = minute
  const { refused, open, lost, repeated, others } = minute
  return [
    `${offered} messages, p50 ${plain(p50)} ms, p99 ${plain(p99)} ms`,
    `heap ${plain(heapMb)} MB, resident ${plain(residentMb)} MB`,
    `${connections} connections, ${descriptors} descriptors, Redis ${plain(redisMb)} MB with ${redisKeys} keys`,
    `${refused} refused, ${open} open, ${lost} missing, ${repeated} repeated, others ${plain(others * 100)} %`,
  ].join(', ')
}

async function write(folder: string, result: Soak): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'soak.json'), `${JSON.stringify(result, undefined, 2)}\n`)
  await writeFile(join(folder, 'soak.md'), `${reportOf(result)}\n`)
  await writeFile(join(folder, 'soak.svg'), drawSoak(result))
}

await new Command('npm run soak --')
  .description(
    'Runs gateways at a steady rate, and judges whether memory, connections, Redis or latency grow.',
  )
  .option('-m, --minutes <minutes>', 'duration', positive, 30)
  .option('-i, --interval <seconds>', 'time between samples', positive, 60)
  .option('-r, --rate <rate>', 'messages a second (default: half of the best throughput)', positive)
  .option('-p, --pairs <count>', 'senders with a recipient each', positive, 200)
  .option('-g, --gateways <count>', 'number of gateways', positive, 2)
  .option('-o, --out <folder>', 'where results are written', OUT)
  .action(async (options: Options) => {
    const result = await soak(options, onInterrupt())
    await write(options.out, result)
    process.stdout.write(`${reportOf(result)}\n\nFiles: ${options.out}\n`)
    process.exitCode = hasPassed(result) ? 0 : 1
  })
  .parseAsync()
