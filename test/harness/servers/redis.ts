import { Redis } from 'ioredis'
import { freePort, type RedisProcess, startRedisProcess } from './redis-process.ts'

/** A Redis of a test's own, and what can befall it. */
export type TestRedis = AsyncDisposable &
  Readonly<{
    url: string
    port: number
    /** Ends it in order. */
    stop(): Promise<void>
    /** Ends it at once. */
    kill(): Promise<void>
    /** Begins again on the same port, empty. */
    start(): Promise<void>
    /** It hangs: connections stand, nothing answers, until `resume`. */
    pause(): void
    resume(): void
    flush(): Promise<void>
    /** Any command, on a connection of its own. */
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
