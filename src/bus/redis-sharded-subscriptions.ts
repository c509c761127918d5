import type { Cluster } from 'ioredis'
import { retry } from '../lib/backoff.ts'
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
  const expected = new Map<string, (proof: string) => void>()
  const closed = new AbortController()
  let alarm = new AbortController()
  let [losses, proofs] = [0, 0]

  client.on('smessageBuffer', (channel: Buffer, message: Buffer) => {
    expected.get(channel.toString())?.(message.toString())
  })
  for (const event of LOSSES) client.on(event, lose)

  function lose(): void {
    losses += 1
    alarm.abort()
    alarm = new AbortController()
  }

  /** Resolves when a message comes back that is published now. */
  async function prove(channel: string, signal: AbortSignal): Promise<'heard' | 'unheard' | 'unpublished'> {
    const proof = `${(proofs += 1)}`
    const { promise: isHeard, resolve } = Promise.withResolvers<'heard'>()
    expected.set(proofChannel(channel), (message) => void (message === proof && resolve('heard')))
    try {
      await publisher.send([['spublish', proofChannel(channel), proof]])
    } catch (error) {
      logger.debug({ err: error }, 'it could not be proved that messages are heard')
      return 'unpublished'
    }
    return Promise.race([isHeard, pause(REDIS_DEADLINE_MS, signal).then(() => 'unheard' as const)])
  }

  async function keepProving(channel: string, signal: AbortSignal): Promise<void> {
    let [lossesMended, unheard] = [losses, 0]
    while (!signal.aborted) {
      const lossesBefore = losses
      const outcome = await prove(channel, signal)
      if (signal.aborted) return
      if (outcome === 'heard' && lossesBefore > lossesMended) onGap()
      if (outcome === 'heard') lossesMended = lossesBefore
      else losses += 1
      unheard = outcome === 'unheard' ? unheard + 1 : 0
      if (unheard >= MAX_UNHEARD) {
        unheard = 0
        client.disconnect(true)
      }
      const restMs = lossesMended === losses ? PROOF_INTERVAL_MS : PROOF_INTERVAL_WHILE_LOST_MS
      await pause(restMs, AbortSignal.any([signal, alarm.signal]))
    }
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
      expected.delete(proofChannel(channel))
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
