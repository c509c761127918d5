import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import type { TestRedis } from './redis.ts'

/** Records every command that a Redis receives, one per line, until it is disposed. */
export type RedisMonitor = AsyncDisposable & Readonly<{ commands: readonly string[] }>

/**
 * Resolves when the monitor is active. It does not use ioredis: if commands arrive in one packet with the reply to
 * MONITOR, ioredis takes them for replies to commands that it never sent.
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
