import type { Cluster } from 'ioredis'
import { retry } from '../lib/backoff.ts'
import { within } from '../lib/deadline.ts'
import { pause } from '../lib/pause.ts'
import { REDIS_DEADLINE_MS } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import { SUBSCRIBE_BACKOFF, type SubscriptionOptions, type Subscriptions } from './redis-subscriptions.ts'

type Options = SubscriptionOptions & Readonly<{ publisher: Pick<RedisConnection, 'send'> }>

const PROOF_INTERVAL_MS = 1_000
const PROOF_INTERVAL_WHILE_LOST_MS = 50
/** So many proofs in a row that were published and not heard, and the connections are made anew. */
const MAX_UNHEARD = 2

/** What ioredis tells when a connection that carries subscriptions may be gone. */
const LOSSES = ['-node', '-subscriber', 'nodeError', 'close', 'disconnecting'] as const

/**
 * In a cluster, by sharded pub/sub. ioredis subscribes again by itself, on whatever node a channel's slot is served
 * by, but does not tell when that is done, nor whether it worked. So each channel has another one beside it, in the
 * same slot and subscribed by the same command, on which we prove to ourselves that we hear: once a second, and after
 * every loss until it is true again.
 */
export function createShardedSubscriptions(client: Cluster, options: Options): Subscriptions {
  const { publisher, onGap, logger } = options
  const channels = new Map<string, AbortController>()
  const heard = new Map<string, () => void>()
  const closed = new AbortController()
  const lost = new EventTarget()
  let [losses, proofs] = [0, 0]

  client.on('smessageBuffer', (channel: Buffer, message: Buffer) => heard.get(`${channel} ${message}`)?.())
  for (const event of LOSSES) client.on(event, lose)

  function lose(): void {
    losses += 1
    lost.dispatchEvent(new Event('lost'))
  }

  /** Resolves when a message comes back that is published now. */
  async function prove(channel: string): Promise<'heard' | 'unheard' | 'unpublished'> {
    const proof = `${(proofs += 1)}`
    const { promise, resolve } = Promise.withResolvers<void>()
    const key = `${proofChannel(channel)} ${proof}`
    heard.set(key, resolve)
    try {
      await publisher.send([['spublish', proofChannel(channel), proof]])
      return await within(REDIS_DEADLINE_MS, promise, () => new Error('unheard')).then(
        () => 'heard',
        () => 'unheard',
      )
    } catch (error) {
      logger.debug({ err: error }, 'it could not be proved that messages are heard')
      return 'unpublished'
    } finally {
      heard.delete(key)
    }
  }

  async function keepProving(channel: string, signal: AbortSignal): Promise<void> {
    let [lossesMended, unheard] = [losses, 0]
    while (!signal.aborted) {
      const lossesBefore = losses
      const outcome = await prove(channel)
      if (signal.aborted) return
      if (outcome === 'heard' && lossesBefore > lossesMended) onGap()
      if (outcome === 'heard') lossesMended = lossesBefore
      else losses += 1
      unheard = outcome === 'unheard' ? unheard + 1 : 0
      if (unheard >= MAX_UNHEARD) client.disconnect(true)
      await rest(lossesMended === losses ? PROOF_INTERVAL_MS : PROOF_INTERVAL_WHILE_LOST_MS, signal)
    }
  }

  /** Until the time is over, or something is lost. */
  async function rest(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    lost.addEventListener('lost', () => woken.abort(), { signal: woken.signal, once: true })
    await pause(ms, AbortSignal.any([signal, woken.signal]))
    woken.abort()
  }

  return {
    async add(channel) {
      const removed = new AbortController()
      channels.set(channel, removed)
      const signal = AbortSignal.any([closed.signal, removed.signal])
      await retry(
        async () => client.ssubscribe(channel, proofChannel(channel)),
        () => true,
        SUBSCRIBE_BACKOFF,
        signal,
      )
      void keepProving(channel, signal)
    },
    async remove(channel) {
      channels.get(channel)?.abort(new Error('The subscription has ended'))
      channels.delete(channel)
      if (client.status === 'ready') await client.sunsubscribe(channel, proofChannel(channel))
    },
    onMessage: (listener) => void client.on('smessageBuffer', listener),
    close() {
      closed.abort(new Error('The bus is closed'))
      for (const event of LOSSES) client.off(event, lose)
    },
  }
}

/** The braces keep it in the slot of the channel that it is for. */
function proofChannel(channel: string): string {
  return `proof:{${channel}}`
}
