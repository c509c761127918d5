import type { Bus, Unsubscribe } from '../bus/bus.ts'
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../bus/envelope.ts'
import type { ChatEvent } from '../chats/chat-event.ts'
import type { ChatId, GatewayId, UserId } from '../ids.ts'
import { pause } from '../lib/pause.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createAlarm } from './alarm.ts'
import type { Hub } from './hub.ts'
import type { ReceiptAdvanced } from './live.ts'
import type { SessionRegistry } from './session-registry.ts'
import type { Sweeper } from './sweeper.ts'

export type Router = Readonly<{
  /** Passes committed events on: to people here at once, to people elsewhere by way of their gateways. Never throws. */
  publish(events: readonly ChatEvent[]): void
  /** The same for receipts. */
  announce(receipts: readonly ReceiptAdvanced[]): void
  /** Begins to hear other gateways; resolves when it does, or when that has to wait. */
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
  sweeper: Pick<Sweeper, 'sweep'>
  metrics: Pick<Metrics, 'publishes' | 'received'>
  logger: Logger
}>

/** The medium may be away when a gateway starts or stops: then both go on without it, after so many milliseconds. */
const START_MS = 2_000
const STOP_MS = 500

/**
 * Tells each gateway concerned once, however many of the people concerned it serves. What gets lost on the way is
 * found by whoever it was meant for: a gap in what a gateway heard makes it compare everything with the logs, and so
 * does the alarm of another one that could not tell it something.
 */
export function createRouter(dependencies: Dependencies): Router {
  const { gatewayId, hub, bus, sessions, memberIds, sweeper, metrics, logger } = dependencies
  const underWay = new Set<Promise<void>>()
  const alarm = createAlarm(tellEverybodyToSweep, logger)
  let subscribed: Promise<Unsubscribe> | undefined

  function send(parcel: Parcel): void {
    if (!sessions.hasOthers()) return
    const work = sendToOthers(parcel).catch((error: unknown) => {
      logger.warn({ err: error }, 'other gateways could not be told of an event')
      alarm.raise()
    })
    underWay.add(work)
    void work.finally(() => underWay.delete(work))
  }

  async function sendToOthers(parcel: Parcel): Promise<void> {
    const parts = await Promise.all(byChat(parcel).map(address))
    await Promise.all([...collect(parts)].map(([to, part]) => publish(to, { ...part, isAlarm: false })))
  }

  async function publish(to: GatewayId, envelope: Envelope): Promise<void> {
    try {
      await bus.publish(to, encodeEnvelope(envelope))
      metrics.publishes.inc({ outcome: 'taken' })
    } catch (error) {
      metrics.publishes.inc({ outcome: 'failed' })
      throw error
    }
  }

  /** The other gateways that what happened in one chat concerns. */
  async function address(part: ChatParcel): Promise<AddressedParcel> {
    const concerned = [...(await memberIds(part.chatId)), ...part.events.flatMap(newAndFormerMembers)]
    return { part, gateways: await sessions.gatewaysOf(concerned) }
  }

  async function tellEverybodyToSweep(): Promise<void> {
    const others = await sessions.others()
    await Promise.all(others.map((to) => publish(to, { events: [], receipts: [], isAlarm: true })))
  }

  /** A subscription that was never made ends with the bus. */
  async function unsubscribed(): Promise<void> {
    const unsubscribe = await Promise.race([subscribed, pause(STOP_MS)])
    await unsubscribe?.()
  }

  function receive(message: string): void {
    const envelope = decodeEnvelope(message)
    metrics.received.inc({ outcome: envelope === undefined ? 'dropped' : 'understood' })
    if (envelope === undefined) return logger.warn('a message on the bus was not understood, and dropped')
    hub.publish(envelope.events)
    hub.announce(envelope.receipts)
    if (envelope.isAlarm) sweeper.sweep('alarm')
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
      const onGap = (): void => sweeper.sweep('gap')
      subscribed = bus.subscribe(gatewayId, { onMessage: receive, onGap })
      subscribed.catch((error: unknown) => logger.error({ err: error }, 'other gateways are not heard'))
      await Promise.race([subscribed, pause(START_MS)])
    },
    async stop() {
      await alarm.stop()
      underWay.add(unsubscribed())
      await Promise.all(underWay)
    },
  }
}

type Parcel = Readonly<{ events: readonly ChatEvent[]; receipts: readonly ReceiptAdvanced[] }>
type ChatParcel = Parcel & Readonly<{ chatId: ChatId }>
type AddressedParcel = Readonly<{ part: ChatParcel; gateways: ReadonlySet<GatewayId> }>

function byChat({ events, receipts }: Parcel): ChatParcel[] {
  const eventsOf = Map.groupBy(events, (event) => event.chatId)
  const receiptsOf = Map.groupBy(receipts, (receipt) => receipt.chatId)
  const chatIds = new Set([...eventsOf.keys(), ...receiptsOf.keys()])
  return [...chatIds].map((chatId) => {
    return { chatId, events: eventsOf.get(chatId) ?? [], receipts: receiptsOf.get(chatId) ?? [] }
  })
}

/** All that concerns each gateway, in one parcel, so that it is told once. */
function collect(addressed: readonly AddressedParcel[]): Map<GatewayId, Parcel> {
  const parcels = new Map<GatewayId, { events: ChatEvent[]; receipts: ReceiptAdvanced[] }>()
  for (const { part, gateways } of addressed) {
    for (const gateway of gateways) {
      const parcel = parcels.get(gateway) ?? { events: [], receipts: [] }
      parcel.events.push(...part.events)
      parcel.receipts.push(...part.receipts)
      parcels.set(gateway, parcel)
    }
  }
  return parcels
}

/** Whom an event concerns that the list of members may not name yet, or no more. */
function newAndFormerMembers(event: ChatEvent): readonly UserId[] {
  return event.type === 'MemberRemoved' ? [...event.joined, event.userId] : event.joined
}
