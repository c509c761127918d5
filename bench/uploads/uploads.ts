// Files: npm run bench -- uploads. Measures the messages of other users with and without transfers of files.
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { type LoadProcess, startLoad } from '../load/remote.ts'
import type { Outcome } from '../load/workload.ts'
import { readDescendants, readUsage } from '../measure/process-usage.ts'
import { spreadOf } from '../measure/statistics.ts'
import { markdown, plain } from '../report/markdown.ts'
import { startGateway, startServer, type Server } from '../servers/gateway.ts'
import { SECRET, startPlace } from '../servers/place.ts'
import { tokenFor } from '../load/token.ts'
import type { Subject } from '../subjects/subject.ts'
import { HERE } from '../targets/parley.ts'
import type { Transferred, TransferKind, Transfers } from './transfers.ts'

const KINDS: readonly TransferKind[] = ['files up', 'photos up', 'files down']

const AT_ONCE = 20

const HEAD = [
  'transfers',
  'p50 without',
  'with',
  'p99 without',
  'with',
  'ratio of p99',
  'memory of the gateway before',
  'highest',
  'after',
  'transferred',
  'MB/s',
]

/** A run with transfers. Memory is that of the gateway. */
type Run = Readonly<{
  outcome: Outcome
  memoryMb: Readonly<{ before: number; highest: number; after: number }>
  /** The part of a core that inspections took. */
  inspectionShare: number
  transferred: Transferred
  seconds: number
}>

/**
 * Runs one after the other: without transfers, with transfers at the gateway, and with as many at a bare server, beside
 * a program that takes as much processor time as the inspections did.
 */
type Round = Readonly<{ without: Outcome; gateway: Run; bare: Run }>

export const uploads: Subject = {
  name: 'uploads',
  summary:
    'messages of others during 20 uploads or downloads of 5 MB at once and of as many at a bare server beside it (five minutes)',
  isLong: true,
  async run(options) {
    await using place = await startPlace()
    await using gateway = await startGateway({
      name: 'uploads',
      root: HERE,
      databaseUrl: await place.createDatabase('uploads'),
      secret: SECRET,
      folder: place.folder,
      env: {
        MEDIA_URL: `file:${join(place.folder, 'media')}`,
        UPLOAD_BYTES_PER_DAY: 'off',
        ...EXACT,
        ...pace(),
      },
    })
    const { pairs = 50 } = options
    const opening = { urls: [`ws://127.0.0.1:${gateway.port}/graphql`], secret: SECRET, pairs, members: 0 }
    await using load = await startLoad('openLoop', opening)
    const rates = { seconds: options.seconds, perSecond: options.rates?.[0] ?? 200, inFlight: 0 }
    const setting: Setting = { gateway, load, rates, folder: place.folder }
    await load.run({ ...rates, seconds: options.warmUp })
    const rows: string[][] = []
    const { targets = KINDS } = options
    for (const kind of KINDS.filter((one) => targets.includes(one))) {
      const rounds: Round[] = []
      for (let round = 0; round < options.rounds; round += 1) {
        process.stderr.write(`${kind}, round ${round + 1}\n`)
        rounds.push(await measure(setting, kind))
      }
      rows.push(rowOf(kind, rounds, 'gateway'), rowOf(`${kind}, bare server`, rounds, 'bare'))
      process.stderr.write(`${rows.at(-2)?.join(' | ')}\n${rows.at(-1)?.join(' | ')}\n`)
    }
    const table = markdown([HEAD, ...rows])
    await mkdir(options.out, { recursive: true })
    await writeFile(join(options.out, 'uploads.md'), `${table}\n`)
    return table
  },
}

/** The service level must not pause uploads in the middle of a run. */
const EXACT = { SERVICE_LEVELS: 'manual' }

/** The rate of the environment, to compare others with the default. */
function pace(): Record<string, string> {
  const { MEDIA_BYTES_PER_SECOND } = process.env
  return MEDIA_BYTES_PER_SECOND === undefined ? {} : { MEDIA_BYTES_PER_SECOND }
}

type Setting = Readonly<{
  gateway: Server
  load: LoadProcess
  rates: Parameters<LoadProcess['run']>[0]
  folder: string
}>

async function measure(setting: Setting, kind: TransferKind): Promise<Round> {
  await writeBack()
  const without = await setting.load.run(setting.rates)
  const { port } = setting.gateway
  const gateway = await runWith(setting, { kind, port, token: tokenFor(SECRET, 'uploader'), atOnce: AT_ONCE })
  await writeBack()
  await using server = await startServer({
    name: 'bare server',
    args: [fileURLToPath(new URL('./bare-server.ts', import.meta.url))],
    env: { FOLDER: join(setting.folder, 'bare'), BYTES_PER_SECOND: `${bytesPerSecondIn([gateway])}` },
    folder: setting.folder,
  })
  using _ = useProcessor(gateway.inspectionShare)
  const bare = await runWith(setting, { kind, port: server.port, atOnce: AT_ONCE })
  return { without, gateway, bare }
}

/** Waits until the disk has the files of earlier runs. Otherwise it would be busy with them. */
async function writeBack(): Promise<void> {
  await promisify(execFile)('sync')
}

/** Starts a program that takes this part of a core, as inspections do. */
function useProcessor(share: number): Disposable {
  const program = fileURLToPath(new URL('./processor-user.ts', import.meta.url))
  const child = fork(program, [String(share)], { detached: true })
  return { [Symbol.dispose]: () => child.kill('SIGKILL') }
}

async function runWith({ gateway: { pid }, load, rates }: Setting, workerData: Transfers): Promise<Run> {
  const memory = (): number => readUsage(pid).memoryMb
  const before = memory()
  const worker = new Worker(new URL('./transfers.ts', import.meta.url), { workerData })
  await once(worker, 'message')
  let highest = before
  const timer = setInterval(() => (highest = Math.max(highest, memory())), 50)
  const [began, usedMs] = [performance.now(), readDescendants(pid).cpuMs]
  const outcome = await load.run(rates)
  const inspectionShare = (readDescendants(pid).cpuMs - usedMs) / (performance.now() - began)
  const done = once(worker, 'message') as Promise<[Transferred]>
  worker.postMessage('stop', [])
  const [transferred] = await done
  const seconds = (performance.now() - began) / 1_000
  clearInterval(timer)
  return { outcome, memoryMb: { before, highest, after: memory() }, inspectionShare, transferred, seconds }
}

function bytesPerSecondIn(runs: readonly Run[]): number {
  const sum = (pick: (run: Run) => number): number => runs.reduce((total, run) => total + pick(run), 0)
  return sum(({ transferred }) => transferred.bytes) / sum(({ seconds }) => seconds)
}

function rowOf(name: string, rounds: readonly Round[], which: 'gateway' | 'bare'): string[] {
  const runs = rounds.map((round) => round[which])
  const median = (values: readonly number[]): number => spreadOf(values).median
  const figure = (outcomes: readonly Outcome[], key: string): number =>
    median(outcomes.map(({ figures }) => figures[key] ?? NaN))
  const without = rounds.map((round) => round.without)
  const during = runs.map(({ outcome }) => outcome)
  const mb = (key: keyof Run['memoryMb']): string =>
    `${plain(median(runs.map((run) => run.memoryMb[key])))} MB`
  const ms = (value: number): string => `${plain(value)} ms`
  const sum = (key: keyof Transferred): number =>
    runs.reduce((total, { transferred }) => total + transferred[key], 0)
  const failed = sum('failures') > 0 ? `, ${sum('failures')} failed` : ''
  return [
    name,
    ms(figure(without, 'p50')),
    ms(figure(during, 'p50')),
    ms(figure(without, 'p99')),
    ms(figure(during, 'p99')),
    (figure(during, 'p99') / figure(without, 'p99')).toFixed(2),
    mb('before'),
    mb('highest'),
    mb('after'),
    `${plain(sum('count'))}${failed}`,
    plain(bytesPerSecondIn(runs) / 1e6),
  ]
}
