import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import type { TestRedis } from './redis.ts'

/** Every command that a Redis takes, one a line, as long as it is not disposed of. */
export type RedisMonitor = AsyncDisposable & Readonly<{ commands: readonly string[] }>

/**
 * Resolves when it hears. Not by ioredis, which takes what comes in one packet with the answer to MONITOR for the answer
 * to something that it never asked.
 */
export async function monitorRedis({ port }: Pick<TestRedis, 'port'>): Promise<RedisMonitor> {
  const socket = connect(port, '127.0.0.1')
  const lines = createInterface(socket)
  const heard: string[] = []
  socket.write('MONITOR\r\n')
  await once(lines, 'line')
  lines.on('line', (line) => heard.push(line))
  return {
    commands: heard,
    async [Symbol.asyncDispose]() {
      const closed = once(socket, 'close')
      socket.destroy()
      await closed
      lines.close()
    },
  }
}
