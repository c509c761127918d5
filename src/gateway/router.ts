import type { BoundedPublisher } from '../bus/bounded-publisher.ts'
import type { TopicBus } from '../bus/topic-bus.ts'
import type { Topic } from '../bus/topic.ts'
import type { Audience } from '../chats/audience.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { Signal } from '../events/signal.ts'
import type { ChatId, GatewayId, UserId } from '../ids.ts'
import type { Route, Routes } from '../sessions/routes.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import { startEventHops, traceArrival } from '../telemetry/tracing.ts'
import {
  type AddressedBatch,
  batchPerGateway,
  isRecoverable,
  namedRecipients,
  newAndFormerMembers,
  newestMembersSeq,
} from './addressing.ts'
import type { Hub } from './hub.ts'
import { chatEventTopic, signalTopic } from './topics.ts'

/** Brings what happens in chats to the live streams of their members, on this gateway and on others. */
export type Router = Readonly<{
  /** Delivers committed events to local streams at once, and publishes them to other gateways. Never throws. */
  publish(events: readonly ChatEvent[]): void
  /** As `publish`, for receipts and typing. */
  publishSignals(signals: readonly Signal[]): void
}>

type Dependencies = Readonly<{
  hub: Pick<Hub, 'deliver' | 'deliverSignals'>
  topics: Pick<TopicBus, 'publish' | 'subscribe'>
  publisher: Pick<BoundedPublisher, 'run'>
  sessions: Pick<SessionRegistry, 'hasOthers' | 'gatewaysOf'>
  routes: Routes
  audience: Audience
}>

const NONE = Promise.resolve<ReadonlySet<GatewayId>>(new Set())

/**
 * Publishes once per gateway, however many of the members it serves. A gateway that misses a publish finds the gap:
 * by the next event of the chat, by a gap that its bus reports, or because this gateway asks all others to resync.
 */
export function createRouter({ hub, topics, publisher, sessions, routes, audience }: Dependencies): Router {
  topics.subscribe(chatEventTopic, deliver)
  topics.subscribe(signalTopic, hub.deliverSignals)

  function deliver(events: readonly ChatEvent[]): void {
    traceArrival(events)
    audience.observe(events)
    hub.deliver(events)
  }

  /** Publishes to the gateways that the chats had last, and then to those that have come since. */
  async function publishToOthers<Item extends { readonly chatId: ChatId }>(
    topic: Topic<readonly Item[]>,
    items: readonly Item[],
    routeOf: (chatId: ChatId, items: readonly Item[]) => Promise<Route>,
  ): Promise<void> {
    const routed = startEventHops('route', items)
    const chats = await Promise.all(
      [...Map.groupBy(items, (item) => item.chatId)].map(async ([chatId, some]) => {
        return { items: some, ...(await routeOf(chatId, some)) }
      }),
    )
    routed()
    const missed = Promise.all(
      chats.map(async (chat) => ({ items: chat.items, gateways: await chat.missed })),
    )
    await Promise.all([
      publishBatches(topic, chats),
      missed.then((batches) => publishBatches(topic, batches)),
    ])
  }

  async function publishBatches<Item>(
    topic: Topic<readonly Item[]>,
    batches: readonly AddressedBatch<Item>[],
  ): Promise<void> {
    const messages = [...batchPerGateway(batches)]
    await Promise.all(messages.map(([to, batch]) => topics.publish(topic, to, batch)))
  }

  async function routeOfEvents(chatId: ChatId, events: readonly ChatEvent[]): Promise<Route> {
    return routes.find(chatId, await eventRecipients(chatId, events))
  }

  async function eventRecipients(chatId: ChatId, events: readonly ChatEvent[]): Promise<readonly UserId[]> {
    const memberIds = await audience.memberIds(chatId, newestMembersSeq(events))
    return [...memberIds, ...events.flatMap(newAndFormerMembers)]
  }

  async function routeOfSignals(chatId: ChatId, signals: readonly Signal[]): Promise<Route> {
    const named = namedRecipients(signals)
    if (named === undefined) return routes.find(chatId, await audience.memberIds(chatId))
    return { gateways: await sessions.gatewaysOf(named), missed: NONE }
  }

  return {
    publish(events) {
      deliver(events)
      if (events.length === 0 || !sessions.hasOthers()) return
      void publisher.run(() => publishToOthers(chatEventTopic, events, routeOfEvents))
    },
    publishSignals(signals) {
      hub.deliverSignals(signals)
      if (signals.length === 0 || !sessions.hasOthers()) return
      const publish = async (): Promise<void> => publishToOthers(signalTopic, signals, routeOfSignals)
      void publisher.run(publish, isRecoverable(signals))
    },
  }
}
