import type { Bus, DisposeAsync } from '../bus/bus.ts'
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../bus/envelope.ts'
import type { Audience } from '../chats/audience.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { GatewayId } from '../ids.ts'
import { pause, withTimeout } from '../lib/async.ts'
import type { PresenceEdge } from '../events/presence-state.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createResyncBroadcast } from './resync-broadcast.ts'
import type { Hub } from './hub.ts'
import type { Signal } from '../events/signal.ts'
import {
  type AddressedBatch,
  byChat,
  isRecoverable,
  type ChatBatch,
  collect,
  namedAudience,
  newAndFormerMembers,
  newestMembersSeq,
  type OutboundBatch,
} from './outbound-batch.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { Resync } from './resync.ts'

export type Router = Readonly<{
  /** Passes committed events on: to people here at once, to people elsewhere by way of their gateways. Never throws. */
  publish(events: readonly ChatEvent[]): void
  /** The same for receipts and typing. */
  publishSignals(signals: readonly Signal[]): void
  /** Tells one other gateway who came online or went offline. Resolves when it is told, or is to look for itself. */
  tellEdges(to: GatewayId, edges: readonly PresenceEdge[]): Promise<void>
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
  audience: Audience
  /** Takes in who came online and who went offline, from other gateways. */
  onEdges(edges: readonly PresenceEdge[]): void
  sweeper: Pick<Resync, 'request'>
  metrics: Pick<Metrics, 'publishes' | 'received' | 'undelivered'>
  logger: Logger
  bounds?: Partial<RouterBounds>
}>

/** The medium may be away when a gateway starts or stops: then both go on without it, after so many milliseconds. */
const START_MS = 2_000
const STOP_MS = 500

/** What telling others may take, so that a bus that hangs costs a bounded part of memory and no more. */
export type RouterBounds = Readonly<{
  /** From a batch of events to the last gateway that was told of it; beyond it, that has failed. Milliseconds. */
  tellMs: number
  /** Batches that the bus has not done with, late ones included. */
  maxUnderWay: number
}>

const BOUNDS: RouterBounds = { tellMs: 3_000, maxUnderWay: 1_000 }

/**
 * Tells each gateway concerned once, however many of the people concerned it serves. What gets lost on the way is
 * found by whoever it was meant for: a gap in what a gateway heard makes it compare everything with the logs, and so
 * does the alarm of another one that could not tell it something.
 */
export function createRouter(dependencies: Dependencies): Router {
  const { gatewayId, hub, bus, sessions, audience, onEdges, sweeper, metrics, logger } = dependencies
  const bounds = { ...BOUNDS, ...dependencies.bounds }
  /** Batches that are being told in time. */
  const telling = new Set<Promise<void>>()
  /** Batches that the bus has not done with. */
  let underWay = 0
  const alarm = createResyncBroadcast(tellEverybodyToSweep, logger)
  let subscribed: Promise<DisposeAsync> | undefined

  function send(parcel: OutboundBatch): void {
    if (!sessions.hasOthers()) return
    if (underWay >= bounds.maxUnderWay) {
      if (isRecoverable(parcel)) leaveToFind('too-many')
      return
    }
    void tell(sendToOthers(parcel), isRecoverable(parcel))
  }

  /** Never rejects. */
  function tell(work: Promise<void>, isFound: boolean): Promise<void> {
    const told = withTimeout(bounds.tellMs, countedWhile(work), tooLate).catch((error: unknown) => {
      logger.warn({ err: error }, 'other gateways could not be told of an event')
      if (isFound) leaveToFind('failed')
    })
    telling.add(told)
    return told.finally(() => telling.delete(told))
  }

  async function tellEdges(to: GatewayId, edges: readonly PresenceEdge[]): Promise<void> {
    if (underWay >= bounds.maxUnderWay) return leaveToFind('too-many')
    await tell(publish(to, { events: [], signals: [], edges, isAlarm: false }), true)
  }

  async function countedWhile(work: Promise<void>): Promise<void> {
    underWay += 1
    try {
      await work
    } finally {
      underWay -= 1
    }
  }

  /** What can't be told is found by whoever it is for: an alarm, raised once for many, has all of them look. */
  function leaveToFind(reason: 'failed' | 'too-many'): void {
    metrics.undelivered.inc({ reason })
    alarm.raise()
  }

  async function sendToOthers(parcel: OutboundBatch): Promise<void> {
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
  async function address(part: ChatBatch): Promise<AddressedBatch> {
    const members =
      namedAudience(part) ?? (await audience.memberIds(part.chatId, newestMembersSeq(part.events)))
    const concerned = [...members, ...part.events.flatMap(newAndFormerMembers)]
    return { part, gateways: await sessions.gatewaysOf(concerned) }
  }

  async function tellEverybodyToSweep(): Promise<void> {
    const others = await sessions.others()
    const work = Promise.all(others.map((to) => publish(to, { events: [], signals: [], isAlarm: true })))
    await withTimeout(bounds.tellMs, work, tooLate)
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
    audience.observe(envelope.events)
    hub.deliver(envelope.events)
    hub.deliverSignals(envelope.signals)
    onEdges(envelope.edges ?? [])
    if (envelope.isAlarm) sweeper.request('alarm')
  }

  return {
    publish(events) {
      audience.observe(events)
      hub.deliver(events)
      if (events.length > 0) send({ events, signals: [] })
    },
    publishSignals(signals) {
      hub.deliverSignals(signals)
      if (signals.length > 0) send({ events: [], signals })
    },
    tellEdges,
    async start() {
      const onGap = (): void => sweeper.request('gap')
      subscribed = bus.subscribe(gatewayId, { onMessage: receive, onGap })
      subscribed.catch((error: unknown) => logger.error({ err: error }, 'other gateways are not heard'))
      await Promise.race([subscribed, pause(START_MS)])
    },
    async stop() {
      await alarm.stop()
      await Promise.all([unsubscribed(), ...telling])
    },
  }
}

function tooLate(): Error {
  return new Error('Other gateways were not told in time')
}
