import { type ChildProcess, fork, type ForkOptions } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { elapsedMs } from '../lib/clock.ts'

/** The answer of a process to a job, with its memory at that moment, and its processor time since its start. */
export type ProcessAnswer<Result> = Readonly<
  { rssBytes: number; cpuSeconds: number } & (
    { type: 'done'; result: Result } | { type: 'failed'; reason: string }
  )
>

/** A job ended without a result. */
export class ProcessError extends Error {
  override readonly name = 'ProcessError'
  /**
   * - `failed`: the job itself.
   * - `died`: the process, by a crash, or because it had no more memory.
   * - `exhausted`: the job used all of its processor time.
   * - `late`: the job had processor time left, but did not end. The machine may be busy.
   * - `unstarted`: the system could not start a process. It may lack memory, processes or open files.
   */
  readonly type: 'failed' | 'died' | 'exhausted' | 'late' | 'unstarted'

  constructor(type: ProcessError['type'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.type = type
  }
}

/** Child processes that run jobs, one at a time each. */
export type ProcessPool<Result> = Readonly<{
  /** Rejects with ProcessError. */
  run(job: object): Promise<Result>
  /** How many jobs wait for a process. */
  waiting(): number
  /** Ends all processes. Jobs that run or wait reject. */
  close(): Promise<void>
}>

export type ProcessPoolOptions = Readonly<{
  /** A module that answers each message with a `ProcessAnswer`. */
  program: string
  size: number
  /** For one job, without the wait for a process. */
  timeoutMs: number
  /** The processor time of one job. */
  cpuSeconds: number
  /** Of the data of one process (RLIMIT_DATA), with the memory of native code. */
  memoryBytes: number
  /** How long a process pauses after a job, as a multiple of the time that the job took. 0: not at all. */
  pauseShare: number
  /** The priority of the processes: 19 is the lowest, and 0 the usual one. */
  nice: number
}>

/** A process without work ends after this time. */
const IDLE_MS = 30_000

/** A process that has used more after a job is not used again: the next job needs the rest. */
const REUSED = { rssBytes: 256 * 1024 * 1024, cpuSeconds: 30 }

const MAX_OLD_SPACE_MB = 256

/**
 * Processes start with the first jobs, and are used again. They get no variables of this process, so that they know no
 * secrets. If this process dies, its children notice, because their channel closes.
 */
export function createProcessPool<Result>(options: ProcessPoolOptions): ProcessPool<Result> {
  const limit = pLimit(options.size)
  const all = new Set<ChildProcess>()
  const idle = new Map<ChildProcess, NodeJS.Timeout>()
  const closing = new AbortController()
  let isClosed = false

  function start(): ChildProcess {
    const child = startProcess(options)
    all.add(child)
    child.once('exit', () => {
      all.delete(child)
      clearTimeout(idle.get(child))
      idle.delete(child)
    })
    return child
  }

  function take(): ChildProcess {
    for (const [child, timer] of idle) {
      clearTimeout(timer)
      idle.delete(child)
      if (child.connected) return child
    }
    return start()
  }

  function keep(child: ChildProcess): void {
    idle.set(child, setTimeout(() => end(child), IDLE_MS).unref())
  }

  async function run(job: object): Promise<Result> {
    const child = take()
    try {
      const answer = await ask<Result>(child, job, options.timeoutMs)
      if (isReusable(answer) && !isClosed) keep(child)
      else end(child)
      if (answer.type === 'failed') throw new ProcessError('failed', answer.reason)
      return answer.result
    } catch (error) {
      if (!idle.has(child)) end(child)
      throw error
    }
  }

  /** Ends early if the pool closes. */
  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
  }

  return {
    run(job) {
      const result = Promise.withResolvers<Result>()
      void limit(async () => {
        if (isClosed) return result.reject(new ProcessError('died', 'the gateway stops'))
        const began = elapsedMs()
        await run(job).then(result.resolve, result.reject)
        await pause((elapsedMs() - began) * options.pauseShare)
      })
      return result.promise
    },
    waiting: () => limit.pendingCount,
    async close() {
      isClosed = true
      closing.abort()
      const exits = [...all].map((child) => once(child, 'exit'))
      for (const child of all) end(child)
      await Promise.all(exits)
    },
  }
}

function isReusable({ rssBytes, cpuSeconds }: ProcessAnswer<unknown>): boolean {
  return rssBytes <= REUSED.rssBytes && cpuSeconds <= REUSED.cpuSeconds
}

function end(child: ChildProcess): void {
  child.kill('SIGKILL')
}

// A shell sets the limits and the priority, because Node.js cannot, and becomes the process. So they hold for all of
// its threads. Where the system has no such limit, the process starts without it.
function limited({ memoryBytes, cpuSeconds, nice }: ProcessPoolOptions): string {
  const memory = `ulimit -d ${Math.floor(memoryBytes / 1024)}`
  const limits = `{ ${memory}; ulimit -S -t ${REUSED.cpuSeconds + cpuSeconds}; } 2>/dev/null`
  return `${limits}; exec nice -n ${nice} "$0" "$@"`
}

function startProcess(options: ProcessPoolOptions): ChildProcess {
  const { program } = options
  const node = [process.execPath, `--max-old-space-size=${MAX_OLD_SPACE_MB}`]
  const env = { MALLOC_ARENA_MAX: '2' }
  const stdio: ('ignore' | 'ipc')[] = ['ignore', 'ignore', 'ignore', 'ipc']
  return process.platform === 'win32'
    ? forked(program, [], { execArgv: node.slice(1), env: {}, stdio })
    : forked(program, [], {
        execPath: '/bin/sh',
        execArgv: ['-c', limited(options), ...node],
        env,
        stdio,
        // Its own session, see `makeExpendable`.
        detached: true,
      })
}

/**
 * Starts a process. Throws ProcessError if that is not possible, which Node.js reports in three ways. So each process
 * that it returns exits one day.
 */
export function forked(program: string, args: readonly string[], options: ForkOptions): ChildProcess {
  const message = 'the system could not start a process'
  let child: ChildProcess
  try {
    child = fork(program, args, options)
  } catch (error) {
    throw new ProcessError('unstarted', message, { cause: error })
  }
  child.on('error', () => undefined)
  if (child.pid === undefined) throw new ProcessError('unstarted', message)
  return child
}

async function ask<Result>(
  child: ChildProcess,
  job: object,
  timeoutMs: number,
): Promise<ProcessAnswer<Result>> {
  const done = new AbortController()
  const { signal } = done
  const timer = setTimeout(() => {
    done.abort(new ProcessError('late', `no result after ${timeoutMs / 1_000} s`))
  }, timeoutMs)
  try {
    child.send(job)
    return await Promise.race([answerOf<Result>(child, signal), deathOf(child, signal)])
  } catch (error) {
    if (signal.aborted) throw signal.reason
    // If it has just died, sending fails before its exit is known.
    throw error instanceof ProcessError
      ? error
      : new ProcessError('died', 'the process had died before', { cause: error })
  } finally {
    clearTimeout(timer)
    done.abort()
  }
}

async function answerOf<Result>(child: ChildProcess, signal: AbortSignal): Promise<ProcessAnswer<Result>> {
  const [answer] = (await once(child, 'message', { signal })) as [ProcessAnswer<Result>]
  return answer
}

async function deathOf(child: ChildProcess, signal: AbortSignal): Promise<never> {
  const [code, name] = (await once(child, 'exit', { signal })) as [number | null, NodeJS.Signals | null]
  const type = name === 'SIGXCPU' ? 'exhausted' : 'died'
  throw new ProcessError(type, `the process ended with ${name ?? `exit code ${code}`}`)
}
