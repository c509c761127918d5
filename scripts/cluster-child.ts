import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, open } from 'node:fs/promises'
import { Socket } from 'node:net'
import { pause } from '../src/lib/async.ts'

/** A program of the cluster. */
export type Child = Readonly<{
  name: string
  pid: number
  /** Resolves when it has ended, in words: how. Never rejects. */
  ended: Promise<string>
  /** Ends it by SIGTERM, and by SIGKILL if that takes longer than `deadlineMs`, 30 s unless told; resolves when it is gone. */
  stop(deadlineMs?: number): Promise<void>
}>

export type ChildOptions = Readonly<{
  name: string
  file: string
  args: readonly string[]
  env?: Readonly<Record<string, string | undefined>>
  /** Takes what it prints. */
  logFile: string
}>

const STOP_DEADLINE_MS = 30_000

/**
 * Starts a program in a process group of its own: Ctrl-C in the terminal reaches this process alone, which then ends
 * the others one after the other. If this process is killed, and so can't, the whole group is killed as well.
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
 * A shell that waits for its input to end. That happens when this process does, however it does; the group is killed
 * then. Whoever calls what is returned, after the group's end, takes the shell away.
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
    // Its `cat` would live on for as long as the pipe is open: the whole group goes.
    if (reaper.pid !== undefined) process.kill(-reaper.pid, 'SIGKILL')
  }
}
