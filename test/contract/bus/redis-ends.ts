import { createRedisBus } from '../../../src/bus/redis-bus.ts'
import { connectRedis } from '../../../src/redis/redis-connection.ts'
import type { Bus } from '../../../src/bus/bus.ts'
import { captureLog, type LogLine } from '../../harness/fixtures/captured-log.ts'

/** The bus of one gateway, with its own connections. */
export type RedisEnd = AsyncDisposable & Readonly<{ bus: Bus; lines: readonly LogLine[]; faults(): number }>

export async function startRedisEnd(urls: readonly string[]): Promise<RedisEnd> {
  const { logger, lines } = captureLog()
  const publisher = connectRedis({ urls, name: 'commands', logger })
  const subscriber = connectRedis({ urls, name: 'subscriptions', logger })
  const bus = createRedisBus({ publisher, subscriber, logger })
  await Promise.all([publisher.start(), subscriber.start()])
  return {
    bus,
    lines,
    faults: () => publisher.faults() + subscriber.faults(),
    async [Symbol.asyncDispose]() {
      await bus.close()
      await Promise.all([publisher.close(), subscriber.close()])
    },
  }
}
