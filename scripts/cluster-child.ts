import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, open } from 'node:fs/promises'
import { Socket } from 'node:net'
import { pause } from '../src/lib/async.ts'

/** A program of the cluster. */
export type Child = Readonly<{
  name: string
  pid: number
  /** Resolves with a description of its end. Never rejects. */
  ended: Promise<string>
  /** Sends SIGTERM, and SIGKILL after `deadlineMs` (30 s by default). Resolves when the program has ended. */
  stop(deadlineMs?: number): Promise<void>
}>

export type ChildOptions = Readonly<{
  name: string
  file: string
  args: readonly string[]
  env?: Readonly<Record<string, string | undefined>>
  /** Receives its output. */
  logFile: string
}>

const STOP_DEADLINE_MS = 30_000

/**
 * Starts a program in its own process group. Ctrl-C in the terminal then reaches this process alone, which stops the
 * others in order. If this process is killed, the group is killed as well.
 */
export async function startChild({ name, file, args, env, logFile }: ChildOptions): Promise<Child> {
  const log = await open(logFile, 'a')
  try {
    return await launch({ name, file, args, env, log })
  } finally {
    await log.close()
  }
}

type Launch = Omit<ChildOptions, 'logFile' | 'env'> &
  Readonly<{ env: ChildOptions['env'] | undefined; log: FileHandle }>

async function launch({ name, file, args, env = process.env, log }: Launch): Promise<Child> {
  const child = spawn(file, args, { env, detached: true, stdio: ['ignore', log.fd, log.fd] })
  await once(child, 'spawn')
  const { pid = 0 } = child
  const disarm = killWithUs(pid)
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const ended = exit.then(([code, signal]) => {
    disarm()
    return signal === null ? `with code ${code}` : `by ${signal}`
  })

  async function stop(deadlineMs = STOP_DEADLINE_MS): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    const over = new AbortController()
    const late = pause(deadlineMs, over.signal).then(() => over.signal.aborted || child.kill('SIGKILL'))
    await ended
    over.abort()
    await late
  }

  return { name, pid, ended, stop }
}

/** Kills the group when this process ends, for any reason. Call the returned function after the group has ended. */
function killWithUs(pid: number): () => void {
  return runAfterUs('kill -9 "-$1"', [`${pid}`])
}

/**
 * Runs a shell script when this process ends, for any reason, even if it is killed: the shell waits for the end of its
 * input. Call the returned function to end the shell without running the script.
 */
export function runAfterUs(script: string, args: readonly string[]): () => void {
  const shell = spawn('sh', ['-c', `cat > /dev/null; ${script}`, 'sh', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  if (shell.stdin instanceof Socket) shell.stdin.unref()
  return () => {
    // Kill the whole group. Its `cat` would live as long as the pipe is open.
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL')
  }
}
