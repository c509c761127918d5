import type { Redis } from 'ioredis'
import { retry } from '../lib/backoff.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'

/** Channels that stay subscribed, whatever befalls the connection. */
export type Subscriptions = Readonly<{
  /** Resolves when the subscription is in effect, be it in an hour. Rejects only when closed before. */
  add(channel: string): Promise<void>
  /** Resolves when it has ended, or when there is no connection that it could be in effect on. */
  remove(channel: string): Promise<void>
  /** Hands over what is published, as bytes. */
  onMessage(listener: (channel: Buffer, message: Buffer) => void): void
  close(): void
}>

export type SubscriptionOptions = Readonly<{
  connection: RedisConnection
  /** From now on messages may be lost, until `onGap`. */
  onLoss(): void
  /** Messages may have been lost up to a moment ago; from now on all channels are in effect again. */
  onGap(): void
  logger: Logger
}>

export const SUBSCRIBE_BACKOFF = { firstMs: 20, maxMs: 500 }

/**
 * On one server. With every new connection all channels are subscribed again, and a PING on the same connection
 * proves that they are: answers come in the order of commands. A connection that fails at this is no good.
 */
export function createSubscriptions(client: Redis, options: SubscriptionOptions): Subscriptions {
  const { connection, onLoss, onGap, logger } = options
  const channels = new Set<string>()
  const closed = new AbortController()
  let connections = 0

  const stopWatching = [
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
      logger.warn({ err: error }, 'subscriptions could not be taken up again yet')
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
      for (const stop of stopWatching) stop()
    },
  }
}
