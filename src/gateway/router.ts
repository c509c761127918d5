import type { BoundedPublisher } from '../bus/bounded-publisher.ts'
import type { TopicBus } from '../bus/topic-bus.ts'
import type { Topic } from '../bus/topic.ts'
import type { Audience } from '../chats/audience.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { Signal } from '../events/signal.ts'
import type { ChatId, UserId } from '../ids.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
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
  audience: Audience
}>

/**
 * Publishes once per gateway, however many of the members it serves. A gateway that misses a publish finds the gap:
 * by the next event of the chat, by a gap that its bus reports, or because this gateway asks all others to resync.
 */
export function createRouter({ hub, topics, publisher, sessions, audience }: Dependencies): Router {
  topics.subscribe(chatEventTopic, deliver)
  topics.subscribe(signalTopic, hub.deliverSignals)

  function deliver(events: readonly ChatEvent[]): void {
    audience.observe(events)
    hub.deliver(events)
  }

  async function publishToOthers<Item extends { readonly chatId: ChatId }>(
    topic: Topic<readonly Item[]>,
    items: readonly Item[],
    recipientsOf: (chatId: ChatId, items: readonly Item[]) => Promise<readonly UserId[]>,
  ): Promise<void> {
    const address = async ([chatId, some]: [ChatId, Item[]]): Promise<AddressedBatch<Item>> => {
      return { items: some, gateways: await sessions.gatewaysOf(await recipientsOf(chatId, some)) }
    }
    const batches = await Promise.all([...Map.groupBy(items, (item) => item.chatId)].map(address))
    await Promise.all([...batchPerGateway(batches)].map(([to, batch]) => topics.publish(topic, to, batch)))
  }

  async function eventRecipients(chatId: ChatId, events: readonly ChatEvent[]): Promise<readonly UserId[]> {
    const memberIds = await audience.memberIds(chatId, newestMembersSeq(events))
    return [...memberIds, ...events.flatMap(newAndFormerMembers)]
  }

  async function signalRecipients(chatId: ChatId, signals: readonly Signal[]): Promise<readonly UserId[]> {
    return namedRecipients(signals) ?? audience.memberIds(chatId)
  }

  return {
    publish(events) {
      deliver(events)
      if (events.length === 0 || !sessions.hasOthers()) return
      void publisher.run(() => publishToOthers(chatEventTopic, events, eventRecipients))
    },
    publishSignals(signals) {
      hub.deliverSignals(signals)
      if (signals.length === 0 || !sessions.hasOthers()) return
      const publish = async (): Promise<void> => publishToOthers(signalTopic, signals, signalRecipients)
      void publisher.run(publish, isRecoverable(signals))
    },
  }
}
