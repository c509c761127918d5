import { Redis } from 'ioredis'
import { freePort } from '../network/free-port.ts'
import { type RedisProcess, startRedisProcess } from './redis-process.ts'

/** A Redis server for one test, with its faults. */
export type TestRedis = AsyncDisposable &
  Readonly<{
    url: string
    port: number
    /** Shuts it down gracefully. */
    stop(): Promise<void>
    /** Kills it. */
    kill(): Promise<void>
    /** Starts it again on the same port, empty. */
    start(): Promise<void>
    /** Freezes it with its connections open, until `resume`. */
    pause(): void
    resume(): void
    flush(): Promise<void>
    /** Runs any command on a new connection. */
    command(name: string, ...args: readonly string[]): Promise<unknown>
  }>

/** Starts an empty server on a free port of loopback; `settings` are options of redis-server. */
export async function startRedis(settings: readonly string[] = []): Promise<TestRedis> {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let server: RedisProcess = await startRedisProcess(port, settings)

  async function command(name: string, ...args: readonly string[]): Promise<unknown> {
    const client = new Redis(url)
    try {
      return await client.call(name, ...args)
    } finally {
      client.disconnect()
    }
  }

  return {
    url,
    port,
    command,
    stop: () => server.end('SIGTERM'),
    kill: () => server.end('SIGKILL'),
    async start() {
      server = await startRedisProcess(port, settings)
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    flush: async () => void (await command('flushall')),
    [Symbol.asyncDispose]: () => server.end('SIGKILL'),
  }
}
