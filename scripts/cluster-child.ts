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

/**
 * Starts a shell that kills the group when its input ends. The input ends with this process, for any reason. Call the
 * returned function after the group has ended, to end the shell.
 */
function killWithUs(pid: number): () => void {
  const script = 'cat > /dev/null; kill -9 "-$1"'
  const reaper = spawn('sh', ['-c', script, 'sh', `${pid}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  reaper.unref()
  if (reaper.stdin instanceof Socket) reaper.stdin.unref()
  return () => {
    // Kill the whole group. Its `cat` would live as long as the pipe is open.
    if (reaper.pid !== undefined) process.kill(-reaper.pid, 'SIGKILL')
  }
}
