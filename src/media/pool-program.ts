// The program of the process that runs pools. See `createPoolProcess`.
import type { PoolAnswer, PoolRequest } from './pool-process.ts'
import { createProcessPool, ProcessError, type ProcessPoolOptions } from './process-pool.ts'

const options = JSON.parse(process.argv[2] ?? '') as readonly ProcessPoolOptions[]
const pools = options.map((one) => createProcessPool<unknown>(one))

process.on('message', (request: PoolRequest) => void answer(request))
// The gateway has closed the pools, or has died.
process.on('disconnect', () => {
  void Promise.all(pools.map((pool) => pool.close())).finally(() => process.exit())
})
// A terminal sends signals to this process too. The gateway still finishes its uploads.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined)

async function answer(request: PoolRequest): Promise<void> {
  const message = await outcomeOf(request)
  if (process.connected) process.send?.(message)
}

async function outcomeOf({ id, pool, job }: PoolRequest): Promise<PoolAnswer<unknown>> {
  try {
    return { id, result: await pools[pool]?.run(job) }
  } catch (error) {
    const type = error instanceof ProcessError ? error.type : 'failed'
    return { id, error: { type, message: error instanceof Error ? error.message : 'unknown error' } }
  }
}
