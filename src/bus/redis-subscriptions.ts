import type { Redis } from 'ioredis'
import { retry } from '../lib/backoff.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Channels that stay subscribed, whatever happens to the connection. */
export type Subscriptions = Readonly<{
  /** Resolves when the subscription is in effect, however long that takes. Rejects only if closed before. */
  add(channel: string): Promise<void>
  /** Resolves when the subscription has ended, or if there is no connection on which it could be in effect. */
  remove(channel: string): Promise<void>
  /** Called with what is published, as bytes. */
  onMessage(listener: (channel: Buffer, message: Buffer) => void): void
  close(): void
}>

export type SubscriptionOptions = Readonly<{
  connection: RedisConnection
  /** From now on messages may be lost, until `onGap`. */
  onLoss(): void
  /** Messages may have been lost until a moment ago. All channels are in effect again. */
  onGap(): void
  logger: Logger
}>

export const SUBSCRIBE_BACKOFF = { firstMs: 20, maxMs: 500 }

/**
 * Subscriptions on one server. Subscribes all channels again on every new connection. A PING on the same connection
 * shows that they are in effect, since answers come in the order of commands. A connection that fails at it is cut.
 */
export function createSubscriptions(client: Redis, options: SubscriptionOptions): Subscriptions {
  const { connection, onLoss, onGap, logger } = options
  const channels = new Set<string>()
  const closed = new AbortController()
  let connections = 0

  const disposers = [
    connection.onUp(() => void restore()),
    connection.onDown(() => {
      if (channels.size > 0) onLoss()
    }),
  ]

  async function restore(): Promise<void> {
    const number = (connections += 1)
    if (channels.size === 0) return
    try {
      await client.subscribe(...channels)
      await client.ping()
      onGap()
    } catch (error) {
      logger.warn({ err: error }, 'bus subscriptions could not be restored; the connection is cut')
      if (number === connections && client.status === 'ready') client.disconnect(true)
    }
  }

  return {
    async add(channel) {
      channels.add(channel)
      const subscribe = async (): Promise<unknown> => client.subscribe(channel)
      await retry(subscribe, () => true, SUBSCRIBE_BACKOFF, closed.signal)
    },
    async remove(channel) {
      channels.delete(channel)
      if (connection.status() === 'up') await client.unsubscribe(channel)
    },
    onMessage: (listener) => void client.on('messageBuffer', listener),
    close() {
      closed.abort(new Error('The bus is closed'))
      for (const dispose of disposers) dispose()
    },
  }
}
