import { RedisPubSub } from 'graphql-redis-subscriptions'
import type { Redis } from 'ioredis'
import type { GatewayId } from '../ids.ts'
import { once } from '../lib/async.ts'
import type { Dispose, DisposeAsync } from '../lib/dispose.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Bus, BusListener } from './bus.ts'
import { createShardedSubscriptions } from './redis-sharded-subscriptions.ts'
import { createSubscriptions, type SubscriptionOptions, type Subscriptions } from './redis-subscriptions.ts'

type Dependencies = Readonly<{
  /** Publishes. May be shared with others. */
  publisher: RedisConnection
  /** Carries the subscriptions and nothing else: a connection that subscribes can not send other commands. */
  subscriber: RedisConnection
  logger: Logger
}>

/** Reports the begin of a loss. Other buses report only its end. */
export type RedisBus = Bus &
  Readonly<{
    /** Called with false when messages may be lost from now on, and with true when they are received again. */
    onReceivingChange(listener: (isReceiving: boolean) => void): Dispose
  }>

/**
 * The bus between gateways in several processes, over Redis pub/sub: one channel per gateway. Closing it does not close
 * the connections.
 *
 * `subscribe` waits while Redis is away, and rejects only when the bus is closed. If it had to wait, `onGap` follows.
 * `publish` rejects at once while Redis is away, and within two seconds if Redis does not answer.
 */
export function createRedisBus({ publisher, subscriber, logger }: Dependencies): RedisBus {
  const listeners = new Set<BusListener>()
  const receivingListeners = new Set<(isReceiving: boolean) => void>()
  const closed = new AbortController()
  const subscriptions = createSubscriptionsOn(subscriber, publisher, { onLoss, onGap, logger })
  const { pubsub, unsubscribed } = createPubSub(subscriptions, logger)
  const command = publisher.redis.type === 'standalone' ? 'publish' : 'spublish'

  function onLoss(): void {
    for (const listener of receivingListeners) guarded(() => listener(false))
  }

  function onGap(): void {
    for (const listener of receivingListeners) guarded(() => listener(true))
    for (const listener of listeners) guarded(() => listener.onGap())
  }

  function guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      logger.error({ err: error }, 'bus listener threw')
    }
  }

  async function subscribe(gatewayId: GatewayId, listener: BusListener): Promise<DisposeAsync> {
    closed.signal.throwIfAborted()
    const mayHaveMissed = subscriber.status() === 'down'
    const deliver = (message: string): void => {
      if (!closed.signal.aborted) guarded(() => listener.onMessage(message))
    }
    const id = await unlessAborted(closed.signal, pubsub.subscribe(channelOf(gatewayId), deliver))
    listeners.add(listener)
    if (mayHaveMissed) onGap()
    return once(async () => {
      listeners.delete(listener)
      pubsub.unsubscribe(id)
      await unsubscribed()
    })
  }

  return {
    async publish(to, message) {
      closed.signal.throwIfAborted()
      await publisher.post([command, channelOf(to), message])
    },
    subscribe,
    onReceivingChange(listener) {
      receivingListeners.add(listener)
      return () => void receivingListeners.delete(listener)
    },
    close: once(async () => {
      closed.abort(new Error('The bus is closed'))
      listeners.clear()
      receivingListeners.clear()
      subscriptions.close()
    }),
  }
}

function createSubscriptionsOn(
  connection: RedisConnection,
  publisher: RedisConnection,
  options: Omit<SubscriptionOptions, 'connection'>,
): Subscriptions {
  const { redis } = connection
  return redis.type === 'standalone'
    ? createSubscriptions(redis.client, { ...options, connection })
    : createShardedSubscriptions(redis.client, { ...options, connection, publisher })
}

type PubSub = Readonly<{
  pubsub: RedisPubSub
  /** Resolves when no unsubscribe is under way. */
  unsubscribed(): Promise<unknown>
}>

/**
 * RedisPubSub assumes that it owns two clients, and does not handle some of their rejections: of a `subscribe`, and of
 * every `unsubscribe`, for which it does not wait. Either would end the process. So it gets an object with the few
 * methods of a client that it calls. Its `subscribe` calls back when the subscription is in effect, and never with an
 * error. Messages are passed as they are: by default the library would encode them as JSON. It does not publish.
 */
function createPubSub(subscriptions: Subscriptions, logger: Logger): PubSub {
  const unsubscribing = new Set<Promise<void>>()

  async function subscribe(channel: string, done: () => void): Promise<void> {
    try {
      await subscriptions.add(channel)
      done()
    } catch (error) {
      logger.debug({ err: error }, 'bus subscription was given up')
    }
  }

  function unsubscribe(channel: string): void {
    const work = subscriptions.remove(channel).catch((error: unknown) => {
      logger.debug({ err: error }, 'bus unsubscribe failed')
    })
    unsubscribing.add(work)
    void work.finally(() => unsubscribing.delete(work))
  }

  const client = {
    subscribe: (channel: string, done: () => void) => void subscribe(channel, done),
    unsubscribe,
    punsubscribe: () => undefined,
    on(event: string, listener: (channel: Buffer, message: Buffer) => void) {
      if (event === 'messageBuffer') subscriptions.onMessage((...args) => listener(...args))
    },
  } as unknown as Redis

  const pubsub = new RedisPubSub({
    publisher: client,
    subscriber: client,
    messageEventName: 'messageBuffer',
    deserializer: (bytes) => bytes.toString(),
  })
  return { pubsub, unsubscribed: () => Promise.all(unsubscribing) }
}

/** Resolves or rejects as `work` does. Rejects when the signal aborts first. */
async function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function channelOf(gatewayId: GatewayId): string {
  return `gateway:${gatewayId}`
}
