import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** The program as it is installed. */
export const PARLEY = join(import.meta.dirname, '..', '..', '..', 'bin', 'parley.js')

/** What is left of a program that has ended. */
export type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>

/** A folder for one test. */
export async function temporaryFolder(): Promise<AsyncDisposable & Readonly<{ path: string }>> {
  const path = await mkdtemp(join(tmpdir(), 'parley-cli-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

type Where = Readonly<{ cwd: string; env?: Readonly<Record<string, string>>; program?: string }>

/** Runs the program in an environment that holds PATH and what is given, with no terminal. */
export function start(args: readonly string[], { cwd, env = {}, program = PARLEY }: Where): ChildProcess {
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  return spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: [...stdio],
  })
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
