import { setTimeout as delay } from 'node:timers/promises'
import { connectRedis, type RedisConnection } from '../../../src/redis/redis-connection.ts'
import {
  createRedisSessionRegistry,
  type RedisSessionRegistry,
} from '../../../src/sessions/redis-session-registry.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { captureLog, type LogLine } from '../../harness/fixtures/captured-log.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'

/** The registry of one gateway, with its own connection, and what its listener was called with. */
export type RegistryEnd = AsyncDisposable &
  Readonly<{
    registry: RedisSessionRegistry
    connection: RedisConnection
    /** 'reregistered', 'unreachable', 'reachable', or the id of a gateway that is gone. */
    notifications: EventQueue<string>
    lines: readonly LogLine[]
    /** As by SIGKILL: returns no lease. */
    vanish(): Promise<void>
  }>

export async function startRegistryEnd(urls: readonly string[], name: string): Promise<RegistryEnd> {
  const { logger, lines } = captureLog()
  const connection = connectRedis({ urls, name, logger })
  const registry = createRedisSessionRegistry({ connection, gatewayId: name as GatewayId, logger })
  const notifications = new EventQueue<string>()
  await connection.start()
  await registry.start({
    onReregistered: () => notifications.push('reregistered'),
    onGatewayGone: (id) => notifications.push(id),
    onReachableChange: (isReachable) => notifications.push(isReachable ? 'reachable' : 'unreachable'),
  })
  return {
    registry,
    connection,
    notifications,
    lines,
    async vanish() {
      await connection.close()
      await registry.close()
    },
    async [Symbol.asyncDispose]() {
      await registry.close()
      await connection.close()
    },
  }
}

/**
 * Takes all notifications of a gateway that has just joined. It asks for a resync of itself. On a slow machine it asks
 * again for users who were registered late. Later notifications have another cause.
 */
export async function settled({ notifications }: RegistryEnd): Promise<void> {
  await notifications.match((notification) => notification === 'reregistered')
  for (let count = 0; count < notifications.all.length;) {
    count = notifications.all.length
    await delay(1_000)
  }
  notifications.skipReceived()
}
