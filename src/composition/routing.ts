import {
  type BoundedPublisher,
  createBoundedPublisher,
  type PublisherBounds,
} from '../bus/bounded-publisher.ts'
import { createTopicBus, type TopicBus } from '../bus/topic-bus.ts'
import type { Audience } from '../chats/audience.ts'
import type { Config } from '../config/config.ts'
import type { Backplane } from './backplane.ts'
import type { Foundation } from './foundation.ts'
import type { Hub } from '../gateway/hub.ts'
import { createResyncBroadcast } from '../gateway/resync-broadcast.ts'
import type { Resync } from '../gateway/resync.ts'
import { createRouter, type Router } from '../gateway/router.ts'
import { chatEventTopic, resyncTopic, signalTopic } from '../gateway/topics.ts'
import { elapsedMs } from '../lib/clock.ts'
import { presenceEdgeTopic } from '../presence/presence-edges.ts'
import { createRoutes } from '../sessions/routes.ts'

/** How this gateway and the others send each other messages. */
export type Routing = Readonly<{
  router: Router
  topics: TopicBus
  publisher: BoundedPublisher
  start(): Promise<void>
  /** Stops receiving, and finishes what is being published. */
  stop(): Promise<void>
}>

type Needs = Pick<Foundation, 'metrics' | 'logger'> &
  Readonly<{ config: Pick<Config, 'gatewayId'>; backplane: Pick<Backplane, 'bus' | 'sessions'> }>

type Parts = Readonly<{
  hub: Hub
  audience: Audience
  resync: Pick<Resync, 'request'>
  /** Called after this gateway has stored and published events. */
  onPublished?: () => void
  /** Tests may choose others. */
  bounds?: Partial<PublisherBounds>
}>

export function createRouting(
  { config, backplane: { bus, sessions }, metrics, logger }: Needs,
  { hub, audience, resync, onPublished = () => undefined, bounds = {} }: Parts,
): Routing {
  const topics = createTopicBus({
    gatewayId: config.gatewayId,
    bus,
    topics: [chatEventTopic, signalTopic, presenceEdgeTopic, resyncTopic],
    onGap: () => resync.request('gap'),
    metrics,
    logger,
  })
  const broadcast = createResyncBroadcast({ topics, sessions, resync, logger })
  const publisher = createBoundedPublisher({ onUndelivered: broadcast.request, metrics, logger, bounds })
  const routes = createRoutes({ sessions, elapsedMs })
  const router = createRouter({ hub, topics, publisher, sessions, routes, audience })

  return {
    router: {
      ...router,
      publish(events) {
        router.publish(events)
        onPublished()
      },
    },
    topics,
    publisher,
    async start() {
      broadcast.start()
      await topics.start()
    },
    async stop() {
      await broadcast.stop()
      await Promise.all([topics.stop(), publisher.drained()])
    },
  }
}
