import { randomUUID } from 'node:crypto'
import type { Cluster } from 'ioredis'
import { type BackgroundLoop, createBackgroundLoop } from '../lib/background-loop.ts'
import { retry } from '../lib/backoff.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'
import { SUBSCRIBE_BACKOFF, type SubscriptionOptions, type Subscriptions } from './redis-subscriptions.ts'

type Options = SubscriptionOptions & Readonly<{ publisher: Pick<RedisConnection, 'send'> }>

const PROBE_INTERVAL_MS = 1_000
const PROBE_INTERVAL_AFTER_LOSS_MS = 50
/** If probes are published and none arrives for this long, the subscription counts as lost. */
const SILENT_MS = 2_000
/** After this long, the connections are made anew. */
const RECONNECT_AFTER_MS = 4_000

type Channel = {
  readonly removed: AbortController
  readonly probing: BackgroundLoop
  /** The number of losses before the last probe that arrived. */
  coveredLosses: number
  receivedAt: number
}

/** The events that ioredis emits if a connection with subscriptions may be gone. */
const LOSSES = ['-node', '-subscriber', 'nodeError', 'close', 'disconnecting'] as const

/**
 * Subscriptions in a cluster, by sharded pub/sub. ioredis subscribes again by itself, on the node that serves a
 * channel's slot, but does not report when that is done, nor whether it worked. So each channel has a probe channel,
 * in the same slot and subscribed by the same command, on which the gateway sends messages to itself: once a second,
 * and faster after a loss. A probe holds the number of losses before it. When it arrives, the subscription has
 * recovered from those.
 */
export function createShardedSubscriptions(client: Cluster, options: Options): Subscriptions {
  const { publisher, onLoss, onGap, logger } = options
  const self = randomUUID()
  const channels = new Map<string, Channel>()
  const probeListeners = new Map<string, (probe: string) => void>()
  const closed = new AbortController()
  let losses = 0

  client.on('smessageBuffer', (channel: Buffer, message: Buffer) => {
    probeListeners.get(channel.toString())?.(message.toString())
  })
  for (const event of LOSSES) client.on(event, handleLoss)

  function handleLoss(): void {
    losses += 1
    for (const { probing } of channels.values()) probing.wake()
    if (channels.size > 0) onLoss()
  }

  async function publishProbe(name: string): Promise<boolean> {
    try {
      await publisher.send([['spublish', probeChannel(name), `${self} ${losses}`]])
      return true
    } catch (error) {
      logger.debug({ err: error }, 'bus probe could not be published')
      return false
    }
  }

  function receiveProbe(channel: Channel, probe: string): void {
    const [sender, number] = probe.split(' ')
    if (sender !== self || channel.removed.signal.aborted || closed.signal.aborted) return
    channel.receivedAt = performance.now()
    if (Number(number) <= channel.coveredLosses) return
    channel.coveredLosses = Number(number)
    onGap()
  }

  async function probe(name: string, channel: Channel): Promise<void> {
    const isPublished = await publishProbe(name)
    // A probe that was not published can not arrive: the silence says nothing about the subscription.
    if (!isPublished) channel.receivedAt = performance.now()
    const silentMs = performance.now() - channel.receivedAt
    const hasRecovered = channel.coveredLosses === losses
    if (hasRecovered && (!isPublished || silentMs > SILENT_MS)) handleLoss()
    if (silentMs < RECONNECT_AFTER_MS) return
    channel.receivedAt = performance.now()
    client.disconnect(true)
  }

  function createChannel(name: string): Channel {
    const channel: Channel = {
      removed: new AbortController(),
      coveredLosses: losses,
      receivedAt: performance.now(),
      probing: createBackgroundLoop({
        component: 'bus probe',
        run: () => probe(name, channel),
        intervalMs: () =>
          channel.coveredLosses === losses ? PROBE_INTERVAL_MS : PROBE_INTERVAL_AFTER_LOSS_MS,
        logger,
      }),
    }
    return channel
  }

  return {
    async add(name) {
      const channel = createChannel(name)
      channels.set(name, channel)
      const subscribe = async (): Promise<unknown> => client.ssubscribe(name, probeChannel(name))
      const signal = AbortSignal.any([closed.signal, channel.removed.signal])
      await retry(subscribe, () => true, SUBSCRIBE_BACKOFF, signal)
      channel.receivedAt = performance.now()
      probeListeners.set(probeChannel(name), (message) => receiveProbe(channel, message))
      channel.probing.start()
    },
    async remove(name) {
      const channel = channels.get(name)
      channel?.removed.abort(new Error('The subscription has ended'))
      void channel?.probing.stop()
      channels.delete(name)
      probeListeners.delete(probeChannel(name))
      if (client.status === 'ready') await client.sunsubscribe(name, probeChannel(name))
    },
    onMessage: (listener) => void client.on('smessageBuffer', listener),
    close() {
      closed.abort(new Error('The bus is closed'))
      for (const { probing } of channels.values()) void probing.stop()
      for (const event of LOSSES) client.off(event, handleLoss)
    },
  }
}

/** The braces keep it in the slot of the channel that it belongs to. */
function probeChannel(channel: string): string {
  return `proof:{${channel}}`
}
