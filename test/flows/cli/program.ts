import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'

/** The program in the repository. */
export const PARLEY = join(import.meta.dirname, '..', '..', '..', 'bin', 'parley.js')

/** The exit code and output of a program that has ended. */
export type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>

/** Creates a folder that is deleted when disposed. */
export async function temporaryFolder(): Promise<AsyncDisposable & Readonly<{ path: string }>> {
  const path = await mkdtemp(join(tmpdir(), 'parley-cli-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

type Where = Readonly<{ cwd: string; env?: Readonly<Record<string, string>>; program?: string }>

/** Starts the program without a terminal, in an environment of PATH and `env`. */
export function start(args: readonly string[], { cwd, env = {}, program = PARLEY }: Where): ChildProcess {
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  return spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: [...stdio],
  })
}

function startNpm(command: string, env: Readonly<Record<string, string>>): ChildProcess {
  const [program = '', ...args] = command.split(' ')
  const { PATH, HOME } = process.env
  return spawn(program, args, {
    cwd: join(PARLEY, '..', '..'),
    env: { PATH, HOME, ...env },
    // A group of its own, so that a failed test leaves no gateway behind.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Runs the program to its end. */
export async function run(args: readonly string[], where: Where): Promise<Ended> {
  const child = start(args, where)
  if (child.stdout === null || child.stderr === null) throw new Error('the output is not piped')
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}

/** A gateway in a process of its own. */
export type Serving = AsyncDisposable &
  Readonly<{
    child: ChildProcess
    /** The lines of its log. */
    lines: EventQueue<string>
    /** Resolves when it has ended. */
    ended: Promise<Ended>
  }>

/**
 * Starts a gateway; disposing kills it. By default it has no admin port, and any free port for the API. An npm command
 * runs in the repository.
 */
export function serve(
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  { npmCommand, program = PARLEY }: Readonly<{ npmCommand?: string; program?: string }> = {},
): Serving {
  const settings = { PORT: '0', ADMIN_PORT: 'off', ...env }
  const child =
    npmCommand === undefined
      ? start(['serve'], { cwd, env: settings, program })
      : startNpm(npmCommand, settings)
  const [lines, complaints] = [new EventQueue<string>(), new EventQueue<string>()]
  if (child.stdout === null || child.stderr === null) throw new Error('the output is not piped')
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  createInterface(child.stderr).on('line', (line) => complaints.push(line))
  const ended = (async () => {
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout: lines.all.join('\n'), stderr: complaints.all.join('\n') }
  })()
  return {
    child,
    lines,
    ended,
    async [Symbol.asyncDispose]() {
      if (npmCommand === undefined) child.kill('SIGKILL')
      else killGroup(child)
      await ended
    },
  }
}

/** The key of a gateway in production. */
export const SECRET = 'a secret for a gateway in production, of thirty-two bytes'

/** Starts the gateway of a folder, which holds a package or an image, in production. */
export function serveProduction(
  folder: string,
  env: Readonly<Record<string, string>>,
): Serving & Readonly<{ url: Promise<string> }> {
  const serving = serve(
    folder,
    { NODE_ENV: 'production', HOST: '127.0.0.1', AUTH_SECRET: SECRET, ...env },
    { program: join(folder, 'bin', 'parley.js') },
  )
  const url = serving.lines
    .match((line) => line.includes('"ready"'), 60_000)
    .then((line) => (JSON.parse(line) as { url: string }).url)
  return { ...serving, url }
}

/** Returns the command lines of running programs that contain this text, such as a data folder. */
export async function programsWith(text: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== `${process.pid}`)
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  return commands.map((command) => command.replaceAll('\0', ' ')).filter((command) => command.includes(text))
}
