import { RedisPubSub } from 'graphql-redis-subscriptions'
import type { Redis } from 'ioredis'
import type { GatewayId } from '../ids.ts'
import { once } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Bus, BusListener } from './bus.ts'
import type { RedisConnection, Dispose } from '../redis/redis-connection.ts'
import { createShardedSubscriptions } from './redis-sharded-subscriptions.ts'
import { createSubscriptions, type SubscriptionOptions, type Subscriptions } from './redis-subscriptions.ts'

type Dependencies = Readonly<{
  /** Publishes; may serve others as well. */
  publisher: RedisConnection
  /** Carries the subscriptions and nothing else: a connection that subscribes can do nothing else. */
  subscriber: RedisConnection
  logger: Logger
}>

/** Can tell that nothing is heard at present, besides what every bus tells afterwards. */
export type RedisBus = Bus &
  Readonly<{
    /** Calls back with false when messages may be lost from now on, and with true when they are heard again. */
    onReceivingChange(listener: (isHearing: boolean) => void): Dispose
  }>

/**
 * The bus between gateways in several processes, over Redis pub/sub: one channel per gateway. A bus that is closed
 * leaves both connections to those who made them.
 *
 * `subscribe` waits for as long as Redis is away and rejects only when the bus is closed; if it had to wait, `onGap`
 * follows. `publish` rejects at once while Redis is away, and within two seconds when it does not answer.
 */
export function createRedisBus({ publisher, subscriber, logger }: Dependencies): RedisBus {
  const listeners = new Set<BusListener>()
  const hearing = new Set<(isHearing: boolean) => void>()
  const closed = new AbortController()
  const subscriptions = createSubscriptionsOn(subscriber, publisher, { onLoss, onGap, logger })
  const { pubsub, settled } = createPubSub(subscriptions, publisher, logger)

  function onLoss(): void {
    for (const listener of hearing) guarded(() => listener(false))
  }

  function onGap(): void {
    for (const listener of hearing) guarded(() => listener(true))
    for (const listener of listeners) guarded(() => listener.onGap())
  }

  function guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      logger.error({ err: error }, 'a listener of the bus threw')
    }
  }

  async function subscribe(gatewayId: GatewayId, listener: BusListener): Promise<() => Promise<void>> {
    closed.signal.throwIfAborted()
    const mayHaveMissed = subscriber.status() === 'down'
    const deliver = (message: string): void => {
      if (!closed.signal.aborted) guarded(() => listener.onMessage(message))
    }
    const id = await unless(closed.signal, pubsub.subscribe(channelOf(gatewayId), deliver))
    listeners.add(listener)
    if (mayHaveMissed) onGap()
    return once(async () => {
      listeners.delete(listener)
      pubsub.unsubscribe(id)
      await settled()
    })
  }

  return {
    async publish(to, message) {
      closed.signal.throwIfAborted()
      await pubsub.publish(channelOf(to), message)
    },
    subscribe,
    onReceivingChange(listener) {
      hearing.add(listener)
      return () => void hearing.delete(listener)
    },
    close: once(async () => {
      closed.abort(new Error('The bus is closed'))
      listeners.clear()
      hearing.clear()
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
  /** Resolves when no unsubscribing is under way. */
  settled(): Promise<unknown>
}>

/**
 * RedisPubSub takes itself for the owner of two clients, and ends the process over some of their rejections: of a
 * `subscribe` that failed, and of each `unsubscribe`, which it does not wait for. So it is given these few methods of
 * a client instead. A subscription is answered when it is in effect, and never by an error; how it stays in effect is
 * our business. Texts go through as they are, where it would make JSON of them.
 */
function createPubSub(subscriptions: Subscriptions, publisher: RedisConnection, logger: Logger): PubSub {
  const leaving = new Set<Promise<void>>()
  const publish = publisher.redis.type === 'standalone' ? 'publish' : 'spublish'

  async function enter(channel: string, done: () => void): Promise<void> {
    try {
      await subscriptions.add(channel)
      done()
    } catch (error) {
      logger.debug({ err: error }, 'a subscription was given up')
    }
  }

  function leave(channel: string): void {
    const work = subscriptions.remove(channel).catch((error: unknown) => {
      logger.debug({ err: error }, 'a subscription was not ended in order')
    })
    leaving.add(work)
    void work.finally(() => leaving.delete(work))
  }

  const client = {
    publish: async (channel: string, message: string) => publisher.send([[publish, channel, message]]),
    subscribe: (channel: string, done: () => void) => void enter(channel, done),
    unsubscribe: leave,
    punsubscribe: () => undefined,
    on(event: string, listener: (channel: Buffer, message: Buffer) => void) {
      if (event === 'messageBuffer') subscriptions.onMessage((...args) => listener(...args))
    },
  } as unknown as Redis

  const pubsub = new RedisPubSub({
    publisher: client,
    subscriber: client,
    messageEventName: 'messageBuffer',
    serializer: (text: string) => text,
    deserializer: (bytes) => bytes.toString(),
  })
  return { pubsub, settled: () => Promise.all(leaving) }
}

/** The outcome of `work`, or a rejection when the signal fires first. */
async function unless<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
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
