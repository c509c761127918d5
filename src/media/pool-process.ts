import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { extname, join } from 'node:path'
import { forked, ProcessError, type ProcessPool, type ProcessPoolOptions } from './process-pool.ts'

/** A job for the pool with this number, and its answer. */
export type PoolRequest = Readonly<{ id: number; pool: number; job: object }>
export type PoolAnswer<Result> = Readonly<
  { id: number } & ({ result: Result } | { error: Readonly<{ type: ProcessError['type']; message: string }> })
>

/** Pools in a process of their own. */
export type PoolProcess<Result> = Readonly<{
  /** One for each of the options, in their order. */
  pools: readonly Omit<ProcessPool<Result>, 'close'>[]
  /** Starts the process before the first job needs it. Throws ProcessError if that is not possible. */
  start(): void
  /** As `ProcessPool.close`, for all pools. */
  close(): Promise<void>
}>

/** The same file is TypeScript in the repository and JavaScript in the package. */
const PROGRAM = join(import.meta.dirname, `pool-program${extname(import.meta.filename)}`)

const MAX_OLD_SPACE_MB = 32

/**
 * Runs pools of processes in a small process. To start a process, the system copies the page tables of the one that
 * starts it. In a gateway with a few hundred megabytes, that stops the event loop for tens of milliseconds. So the
 * gateway starts one process at its own start, and that one starts the others. If it dies, the next job starts another.
 */
export function createPoolProcess<Result>(options: readonly ProcessPoolOptions[]): PoolProcess<Result> {
  const running = new Map<number, PromiseWithResolvers<Result>>()
  let child: ChildProcess | undefined
  let lastId = 0
  let isClosed = false

  function start(): ChildProcess {
    const started = forked(PROGRAM, [JSON.stringify(options)], {
      execArgv: [`--max-old-space-size=${MAX_OLD_SPACE_MB}`],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    started.on('message', (answer) => settle(answer as PoolAnswer<Result>))
    started.once('exit', () => {
      child = undefined
      for (const { reject } of running.values())
        reject(new ProcessError('died', 'the pool of processes ended'))
      running.clear()
    })
    return started
  }

  function settle(answer: PoolAnswer<Result>): void {
    const job = running.get(answer.id)
    running.delete(answer.id)
    if ('result' in answer) job?.resolve(answer.result)
    else job?.reject(new ProcessError(answer.error.type, answer.error.message))
  }

  function submit(pool: number, job: object): Promise<Result> {
    child ??= start()
    const result = Promise.withResolvers<Result>()
    lastId += 1
    running.set(lastId, result)
    // If it cannot be sent, the process is about to exit.
    child.send({ id: lastId, pool, job } satisfies PoolRequest, () => undefined)
    return result.promise
  }

  function poolOf({ size }: ProcessPoolOptions, pool: number): PoolProcess<Result>['pools'][number] {
    let jobs = 0
    return {
      async run(job) {
        if (isClosed) throw new ProcessError('died', 'the gateway stops')
        jobs += 1
        try {
          return await submit(pool, job)
        } finally {
          jobs -= 1
        }
      },
      waiting: () => Math.max(0, jobs - size),
    }
  }

  return {
    pools: options.map(poolOf),
    start: () => void (child ??= start()),
    async close() {
      isClosed = true
      if (child === undefined) return
      const exit = once(child, 'exit')
      if (child.connected) child.disconnect()
      await exit
    },
  }
}
