import { setTimeout as delay } from 'node:timers/promises'
import { connectRedis, type RedisConnection } from '../../../src/redis/redis-connection.ts'
import {
  createRedisSessionRegistry,
  type RedisSessionRegistry,
} from '../../../src/sessions/redis-session-registry.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { captureLog, type LogLine } from '../../harness/fixtures/captured-log.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'

/** One gateway's end of the registry, with a connection of its own, and what it was told. */
export type RegistryEnd = AsyncDisposable &
  Readonly<{
    registry: RedisSessionRegistry
    connection: RedisConnection
    /** `lost`, `away`, `back`, or the id of a gateway that is gone. */
    told: EventQueue<string>
    lines: readonly LogLine[]
    /** As by SIGKILL: nothing is given back. */
    vanish(): Promise<void>
  }>

export async function startRegistryEnd(urls: readonly string[], name: string): Promise<RegistryEnd> {
  const { logger, lines } = captureLog()
  const connection = connectRedis({ urls, name, logger })
  const registry = createRedisSessionRegistry({ connection, gatewayId: name as GatewayId, logger })
  const told = new EventQueue<string>()
  await connection.start()
  await registry.start({
    onReregistered: () => told.push('lost'),
    onGatewayGone: (id) => told.push(id),
    onReachableChange: (isReached) => told.push(isReached ? 'back' : 'away'),
  })
  return {
    registry,
    connection,
    told,
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
 * A gateway that joins others calls for a repair of itself, and once more for those who were registered late, on a machine
 * with much to do: what comes after that has another reason. Takes all of that.
 */
export async function quiet({ told }: RegistryEnd): Promise<void> {
  await told.match((what) => what === 'lost')
  for (let count = 0; count < told.all.length;) {
    count = told.all.length
    await delay(1_000)
  }
  told.skipReceived()
}
