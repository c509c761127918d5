// The program of the process that runs a pool. See `createPoolProcess`.
import type { PoolAnswer, PoolRequest } from './pool-process.ts'
import { createProcessPool, ProcessError, type ProcessPoolOptions } from './process-pool.ts'

const pool = createProcessPool<unknown>(JSON.parse(process.argv[2] ?? '') as ProcessPoolOptions)

process.on('message', ({ id, job }: PoolRequest) => void answer(id, job))
// The gateway has closed the pool, or has died.
process.on('disconnect', () => void pool.close().finally(() => process.exit()))
// A terminal sends signals to this process too. The gateway still finishes its uploads.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined)

async function answer(id: number, job: object): Promise<void> {
  const message = await outcomeOf(id, job)
  if (process.connected) process.send?.(message)
}

async function outcomeOf(id: number, job: object): Promise<PoolAnswer<unknown>> {
  try {
    return { id, result: await pool.run(job) }
  } catch (error) {
    const type = error instanceof ProcessError ? error.type : 'failed'
    return { id, error: { type, message: error instanceof Error ? error.message : 'unknown error' } }
  }
}
