import type { Bus, Unsubscribe } from '../bus/bus.ts'
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../bus/envelope.ts'
import type { ChatEvent } from '../chats/chat-event.ts'
import type { ChatId, GatewayId, UserId } from '../ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Hub } from './hub.ts'
import type { ReceiptAdvanced } from './live.ts'
import type { SessionRegistry } from './session-registry.ts'

export type Router = Readonly<{
  /** Passes committed events on: to people here at once, to people elsewhere by way of their gateways. Never throws. */
  publish(events: readonly ChatEvent[]): void
  /** The same for receipts. */
  announce(receipts: readonly ReceiptAdvanced[]): void
  /** Begins to hear other gateways; resolves when it does. */
  start(): Promise<void>
  /** Stops hearing them, and waits for what is being published. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  gatewayId: GatewayId
  hub: Hub
  bus: Bus
  sessions: SessionRegistry
  memberIds(chatId: ChatId): Promise<readonly UserId[]>
  logger: Logger
}>

/**
 * Tells each gateway concerned once, however many of the people concerned it serves. What gets lost on the way is
 * found by whoever it was meant for: here a failure is logged, and that is all.
 */
export function createRouter({ gatewayId, hub, bus, sessions, memberIds, logger }: Dependencies): Router {
  const underWay = new Set<Promise<void>>()
  let unsubscribe: Unsubscribe | undefined

  function send(envelope: Envelope): void {
    if (!sessions.hasOthers()) return
    const work = sendToOthers(envelope).catch((error: unknown) => {
      logger.warn({ err: error }, 'other gateways could not be told of an event')
    })
    underWay.add(work)
    void work.finally(() => underWay.delete(work))
  }

  async function sendToOthers(envelope: Envelope): Promise<void> {
    const addressed = await address(envelope)
    await Promise.all([...addressed].map(([to, part]) => bus.publish(to, encodeEnvelope(part))))
  }

  /** The part of the envelope that concerns each of the other gateways. */
  async function address({ events, receipts }: Envelope): Promise<Map<GatewayId, Envelope>> {
    const chatIds = [...new Set([...events, ...receipts].map((item) => item.chatId))]
    const parts = new Map<GatewayId, { events: ChatEvent[]; receipts: ReceiptAdvanced[] }>()
    for (const chatId of chatIds) {
      const theirEvents = events.filter((event) => event.chatId === chatId)
      const theirReceipts = receipts.filter((receipt) => receipt.chatId === chatId)
      const concerned = [...(await memberIds(chatId)), ...theirEvents.flatMap(newAndFormerMembers)]
      for (const to of await sessions.gatewaysOf(concerned)) {
        const part = parts.get(to) ?? { events: [], receipts: [] }
        part.events.push(...theirEvents)
        part.receipts.push(...theirReceipts)
        parts.set(to, part)
      }
    }
    return parts
  }

  function receive(message: string): void {
    const envelope = decodeEnvelope(message)
    if (envelope === undefined) return logger.warn('a message on the bus was not understood, and dropped')
    hub.publish(envelope.events)
    hub.announce(envelope.receipts)
  }

  return {
    publish(events) {
      hub.publish(events)
      if (events.length > 0) send({ events, receipts: [] })
    },
    announce(receipts) {
      hub.announce(receipts)
      if (receipts.length > 0) send({ events: [], receipts })
    },
    async start() {
      unsubscribe = await bus.subscribe(gatewayId, { onMessage: receive, onGap: () => undefined })
    },
    async stop() {
      await unsubscribe?.()
      await Promise.all(underWay)
    },
  }
}

/** Whom an event concerns that the list of members may not name yet, or no more. */
function newAndFormerMembers(event: ChatEvent): readonly UserId[] {
  return event.type === 'MemberRemoved' ? [...event.joined, event.userId] : event.joined
}
