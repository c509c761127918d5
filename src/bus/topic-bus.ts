import type { GatewayId } from '../ids.ts'
import type { DisposeAsync } from '../lib/dispose.ts'
import { pause } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { startEventHops, traceReceived } from '../telemetry/tracing.ts'
import type { Bus } from './bus.ts'
import { createEnvelopeCodec } from './envelope.ts'
import type { Topic } from './topic.ts'

/** The bus as domains use it: typed messages by topic. It gives no more guarantees than the bus. */
export type TopicBus = Readonly<{
  /** Sends one message to one gateway. Resolves when the bus has taken it, rejects if it has not or may not have. */
  publish<Payload>(topic: Topic<Payload>, to: GatewayId, payload: Payload): Promise<void>
  /** Calls `receive` with every payload of the topic that other gateways send to this one. Once per topic. */
  subscribe<Payload>(topic: Topic<Payload>, receive: (payload: Payload) => void): void
  /** Resolves when this gateway receives messages, or after two seconds: the bus may be away when a gateway starts. */
  start(): Promise<void>
  /** Stops receiving. Resolves after half a second at the latest, even if the bus is away. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  gatewayId: GatewayId
  bus: Bus
  /** All topics that gateways use, in the order in which the payloads of one message are received. */
  topics: readonly Topic<unknown>[]
  /** Called when messages to this gateway may have been lost. */
  onGap(): void
  metrics: Pick<Metrics, 'publishes' | 'received'>
  logger: Logger
}>

const START_MS = 2_000
const STOP_MS = 500

export function createTopicBus(dependencies: Dependencies): TopicBus {
  const { gatewayId, bus, topics, onGap, metrics, logger } = dependencies
  const codec = createEnvelopeCodec(topics)
  const receivers = new Map<string, (payload: unknown) => void>()
  let subscribed: Promise<DisposeAsync> | undefined

  function receive(message: string): void {
    const receivedAt = performance.now()
    const payloads = codec.decode(message)
    metrics.received.inc({ outcome: payloads === undefined ? 'dropped' : 'understood' })
    if (payloads === undefined) return logger.warn('bus message is not a valid envelope; dropped')
    traceReceived(receivedAt, payloads)
    for (const { field } of topics) {
      const payload = payloads[field]
      if (payload !== undefined) receivers.get(field)?.(payload)
    }
  }

  return {
    async publish(topic, to, payload) {
      const published = startEventHops('publish', payload)
      try {
        await bus.publish(to, codec.encode(topic, payload))
        published()
        metrics.publishes.inc({ outcome: 'taken' })
      } catch (error) {
        metrics.publishes.inc({ outcome: 'failed' })
        throw error
      }
    },
    subscribe<Payload>({ field }: Topic<Payload>, receiver: (payload: Payload) => void) {
      // The topic's schema has validated it.
      receivers.set(field, receiver as (payload: unknown) => void)
    },
    async start() {
      subscribed = bus.subscribe(gatewayId, { onMessage: receive, onGap })
      subscribed.catch((error: unknown) =>
        logger.error({ err: error }, 'bus subscription failed; this gateway receives no messages'),
      )
      await Promise.race([subscribed, pause(START_MS)])
    },
    async stop() {
      // A subscription that was never made ends with the bus.
      const dispose = await Promise.race([subscribed, pause(STOP_MS)])
      await dispose?.()
    },
  }
}
