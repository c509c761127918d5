// Files: npm run bench -- uploads. Measures the messages of other users with and without transfers of files.
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type LoadProcess, startLoad } from '../load/remote.ts'
import type { Outcome } from '../load/workload.ts'
import { readUsage } from '../measure/process-usage.ts'
import { spreadOf } from '../measure/statistics.ts'
import { markdown, plain } from '../report/markdown.ts'
import { startGateway, type Server } from '../servers/gateway.ts'
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

/** A run with transfers, and its neighbours without. */
type Round = Readonly<{
  without: readonly Outcome[]
  with: Outcome
  memoryMb: Readonly<{ before: number; highest: number; after: number }>
  transferred: Transferred
  seconds: number
}>

export const uploads: Subject = {
  name: 'uploads',
  summary: 'messages of others during 20 uploads or downloads of 5 MB at once (four minutes)',
  isLong: true,
  async run(options) {
    await using place = await startPlace()
    await using gateway = await startGateway({
      name: 'uploads',
      root: HERE,
      databaseUrl: await place.createDatabase('uploads'),
      secret: SECRET,
      folder: place.folder,
      env: { MEDIA_URL: `file:${join(place.folder, 'media')}`, UPLOAD_BYTES_PER_DAY: 'off', ...EXACT },
    })
    const { pairs = 50 } = options
    const opening = { urls: [`ws://127.0.0.1:${gateway.port}/graphql`], secret: SECRET, pairs, members: 0 }
    await using load = await startLoad('openLoop', opening)
    const rates = { seconds: options.seconds, perSecond: options.rates?.[0] ?? 200, inFlight: 0 }
    await load.run({ ...rates, seconds: options.warmUp })
    const rows: string[][] = []
    for (const kind of KINDS) {
      const rounds: Round[] = []
      for (let round = 0; round < options.rounds; round += 1) {
        process.stderr.write(`${kind}, round ${round + 1}\n`)
        rounds.push(await measure(gateway, load, kind, rates))
      }
      rows.push(rowOf(kind, rounds))
    }
    const table = markdown([HEAD, ...rows])
    await mkdir(options.out, { recursive: true })
    await writeFile(join(options.out, 'uploads.md'), `${table}\n`)
    return table
  },
}

/** The service level must not pause uploads in the middle of a run. */
const EXACT = { SERVICE_LEVELS: 'manual' }

type Rates = Parameters<LoadProcess['run']>[0]

async function measure(
  { pid, port }: Server,
  load: LoadProcess,
  kind: TransferKind,
  rates: Rates,
): Promise<Round> {
  const memory = (): number => readUsage(pid).memoryMb
  const quietBefore = await load.run(rates)
  const before = memory()
  const workerData: Transfers = { kind, port, token: tokenFor(SECRET, 'uploader'), atOnce: AT_ONCE }
  const worker = new Worker(new URL('./transfers.ts', import.meta.url), { workerData })
  await once(worker, 'message')
  let highest = before
  const timer = setInterval(() => (highest = Math.max(highest, memory())), 50)
  const began = performance.now()
  const busy = await load.run(rates)
  const done = once(worker, 'message') as Promise<[Transferred]>
  worker.postMessage('stop', [])
  const [transferred] = await done
  const seconds = (performance.now() - began) / 1_000
  clearInterval(timer)
  const quietAfter = await load.run(rates)
  const memoryMb = { before, highest, after: memory() }
  return { without: [quietBefore, quietAfter], with: busy, memoryMb, transferred, seconds }
}

function rowOf(kind: TransferKind, rounds: readonly Round[]): string[] {
  const without = (key: string): number =>
    spreadOf(rounds.flatMap((round) => round.without.map(({ figures }) => figures[key] ?? NaN))).median
  const during = (key: string): number =>
    spreadOf(rounds.map(({ with: { figures } }) => figures[key] ?? NaN)).median
  const mb = (key: keyof Round['memoryMb']): string =>
    `${plain(spreadOf(rounds.map(({ memoryMb }) => memoryMb[key])).median)} MB`
  const ms = (value: number): string => `${plain(value)} ms`
  const sum = (key: keyof Transferred): number =>
    rounds.reduce((total, { transferred }) => total + transferred[key], 0)
  const seconds = rounds.reduce((total, round) => total + round.seconds, 0)
  const failed = sum('failures') > 0 ? `, ${sum('failures')} failed` : ''
  return [
    kind,
    ms(without('p50')),
    ms(during('p50')),
    ms(without('p99')),
    ms(during('p99')),
    (during('p99') / without('p99')).toFixed(2),
    mb('before'),
    mb('highest'),
    mb('after'),
    `${plain(sum('count'))}${failed}`,
    plain(sum('bytes') / 1e6 / seconds),
  ]
}
