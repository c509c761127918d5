import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { Person } from '../../harness/people/person.ts'
import { temporaryFolder } from './program.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'scripts', 'cluster.ts')
const START_TIMEOUT_MS = 60_000

/** A gateway in the program's greeting. */
export type Announced = Readonly<{ name: string; pid: number; metricsUrl: string }>

/** A running `npm run cluster`. */
export type ClusterProgram = AsyncDisposable &
  Readonly<{
    url: string
    /** The folder of its data. */
    folder: string
    gateways: readonly Announced[]
    /** The process ids of all programs in the greeting. */
    pids: readonly number[]
    lines: EventQueue<string>
    person(name: string): Person
    /** Returns the number of WebSockets on each gateway, in order. Undefined if a gateway does not respond. */
    connections(): Promise<readonly (number | undefined)[]>
    /** Sends the signal. Resolves with the exit code. */
    end(signal: NodeJS.Signals): Promise<number | null>
  }>

/** Starts it on free ports with an empty folder. Resolves when the greeting is printed. */
export async function startClusterProgram(...args: readonly string[]): Promise<ClusterProgram> {
  await using resources = new AsyncDisposableStack()
  const folder = resources.use(await temporaryFolder())
  const child = spawn(process.execPath, [SCRIPT, '--port', '0', '--data-dir', folder.path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  const end = (signal: NodeJS.Signals): Promise<number | null> => ended(child, exited, signal)
  resources.defer(async () => void (await end('SIGTERM')))
  const lines = new EventQueue<string>()
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  await lines.until((all) => all.some((line) => line.includes('Ctrl-C')), START_TIMEOUT_MS)

  const greeting = lines.all.join('\n')
  const url = found(/http:\/\/localhost:\d+\/graphql/, greeting)
  const gateways = lines.all.filter((line) => /^ +gateway-\d+ /.test(line)).map(announced)
  const pids = [...greeting.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid))
  const people = resources.use(new AsyncDisposableStack())
  const owned = resources.move()
  return {
    url,
    folder: folder.path,
    gateways,
    pids,
    lines,
    end,
    person(name) {
      const [, token = ''] = new RegExp(`user_${name} +(\\S+)`).exec(greeting) ?? []
      return people.use(new Person({ url, token, name }))
    },
    connections: () => Promise.all(gateways.map(connectionsOf)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function ended(
  child: ChildProcess,
  exited: Promise<[number | null]>,
  signal: NodeJS.Signals,
): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  const [code] = await exited
  return code
}

function announced(line: string): Announced {
  return {
    name: found(/gateway-\d+/, line),
    pid: Number(found(/(?<=pid )\d+/, line)),
    metricsUrl: found(/\S+\/metrics/, line),
  }
}

function found(pattern: RegExp, text: string): string {
  const [match] = pattern.exec(text) ?? []
  if (match === undefined) throw new Error(`Nothing like ${pattern.source} in: ${text}`)
  return match
}

async function connectionsOf({ metricsUrl }: Announced): Promise<number | undefined> {
  try {
    const page = await (await fetch(metricsUrl)).text()
    return Number(found(/(?<=^parley_connections )\d+/m, page))
  } catch {
    return undefined
  }
}

/** Whether the process is running. A zombie has ended. */
export function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.startsWith('Z')
}
