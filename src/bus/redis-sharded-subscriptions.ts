import { randomUUID } from 'node:crypto'
import type { Cluster } from 'ioredis'
import { retry } from '../lib/backoff.ts'
import { pause } from '../lib/async.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'
import { SUBSCRIBE_BACKOFF, type SubscriptionOptions, type Subscriptions } from './redis-subscriptions.ts'

type Options = SubscriptionOptions & Readonly<{ publisher: Pick<RedisConnection, 'send'> }>

const PROOF_INTERVAL_MS = 1_000
const PROOF_INTERVAL_WHILE_LOST_MS = 50
/** Proofs are published, and none is heard for so long: the subscription counts as lost. */
const UNHEARD_MS = 2_000
/** And after so long the connections are made anew. */
const HOPELESS_MS = 4_000

/** Of one channel: how many losses are made up for, and when we last heard ourselves. */
type Hearing = { mended: number; heardAt: number }

/** What ioredis tells when a connection that carries subscriptions may be gone. */
const LOSSES = ['-node', '-subscriber', 'nodeError', 'close', 'disconnecting'] as const

/**
 * In a cluster, by sharded pub/sub. ioredis subscribes again by itself, on whatever node a channel's slot is served
 * by, but does not tell when that is done, nor whether it worked. So each channel has another one beside it, in the
 * same slot and subscribed by the same command, on which we prove to ourselves that we hear: once a second, and after
 * every loss until it is true again. A proof says how many losses it was published after; when it is heard, those
 * are mended.
 */
export function createShardedSubscriptions(client: Cluster, options: Options): Subscriptions {
  const { publisher, onLoss, onGap, logger } = options
  const self = randomUUID()
  const channels = new Map<string, AbortController>()
  const hearing = new Map<string, (proof: string) => void>()
  const closed = new AbortController()
  let alarm = new AbortController()
  let losses = 0

  client.on('smessageBuffer', (channel: Buffer, message: Buffer) => {
    hearing.get(channel.toString())?.(message.toString())
  })
  for (const event of LOSSES) client.on(event, lose)

  function lose(): void {
    losses += 1
    alarm.abort()
    alarm = new AbortController()
    if (channels.size > 0) onLoss()
  }

  async function publishProof(channel: string): Promise<boolean> {
    try {
      await publisher.send([['spublish', proofChannel(channel), `${self} ${losses}`]])
      return true
    } catch (error) {
      logger.debug({ err: error }, 'it could not be proved that messages are heard')
      return false
    }
  }

  function hear(channel: string, state: Hearing, signal: AbortSignal): void {
    hearing.set(proofChannel(channel), (proof) => {
      const [by, number] = proof.split(' ')
      if (by !== self || signal.aborted) return
      state.heardAt = performance.now()
      if (Number(number) <= state.mended) return
      state.mended = Number(number)
      onGap()
    })
  }

  async function keepProving(channel: string, state: Hearing, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isPublished = await publishProof(channel)
      // What nobody published nobody can hear.
      if (!isPublished) state.heardAt = performance.now()
      judge(state, isPublished)
      const restMs = state.mended === losses ? PROOF_INTERVAL_MS : PROOF_INTERVAL_WHILE_LOST_MS
      await pause(restMs, AbortSignal.any([signal, alarm.signal]))
    }
  }

  function judge(state: Hearing, isPublished: boolean): void {
    const silentMs = performance.now() - state.heardAt
    if (state.mended === losses && (!isPublished || silentMs > UNHEARD_MS)) lose()
    if (silentMs < HOPELESS_MS) return
    state.heardAt = performance.now()
    client.disconnect(true)
  }

  return {
    async add(channel) {
      const state = { mended: losses, heardAt: performance.now() }
      const removed = new AbortController()
      channels.set(channel, removed)
      const signal = AbortSignal.any([closed.signal, removed.signal])
      const subscribe = async (): Promise<unknown> => client.ssubscribe(channel, proofChannel(channel))
      await retry(subscribe, () => true, SUBSCRIBE_BACKOFF, signal)
      state.heardAt = performance.now()
      hear(channel, state, signal)
      void keepProving(channel, state, signal)
    },
    async remove(channel) {
      channels.get(channel)?.abort(new Error('The subscription has ended'))
      channels.delete(channel)
      hearing.delete(proofChannel(channel))
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
