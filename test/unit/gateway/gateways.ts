import type { Bus } from '../../../src/bus/bus.ts'
import type { PublisherBounds } from '../../../src/bus/bounded-publisher.ts'
import { createMemoryBus } from '../../../src/bus/memory-bus.ts'
import { createRouting, type Routing } from '../../../src/composition/routing.ts'
import type { PresenceEdge } from '../../../src/events/presence-state.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import { createHub, type Hub } from '../../../src/gateway/hub.ts'
import type { ResyncReason } from '../../../src/gateway/resync.ts'
import type { Router } from '../../../src/gateway/router.ts'
import type { ChatId, GatewayId, UserId } from '../../../src/ids.ts'
import { presenceEdgeTopic } from '../../../src/presence/presence-edges.ts'
import {
  createMemorySessionRegistry,
  type MemorySessions,
} from '../../../src/sessions/memory-session-registry.ts'
import { createMetrics, type Metrics } from '../../../src/telemetry/metrics.ts'
import { captureLog, type LogLine } from '../../harness/fixtures/captured-log.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { chatId } from '../../harness/fixtures/chat-events.ts'

/** One gateway of several. */
export type Gateway = Readonly<{
  id: GatewayId
  router: Router
  hub: Hub
  /** Presence edges that other gateways published to this one. */
  edges: readonly PresenceEdge[]
  lines: readonly LogLine[]
  metrics: Metrics
  publishEdges(to: GatewayId, edges: readonly PresenceEdge[]): Promise<void>
  /** Subscribes a user who is a member of these chats from their start. Returns what is delivered. */
  subscribe(userId: UserId, ...chats: readonly string[]): EventQueue<LiveItem>
  stop(): Promise<void>
}>

type Published = Readonly<{ to: GatewayId; message: string }>

type Options = Readonly<{
  /** Members by chat, as they are stored. */
  members?: Readonly<Record<string, readonly UserId[]>>
  memberIds?: (chatId: ChatId) => Promise<readonly UserId[]>
  /** Replaces the bus's own. */
  publish?: Bus['publish']
  bounds?: Partial<PublisherBounds>
}>

/** Several gateways over one bus in memory. */
export class Gateways implements AsyncDisposable {
  readonly published: Published[] = []
  readonly bus: Bus
  /** Which gateway was asked to resync, and why. */
  readonly resyncs: string[] = []
  readonly #sessions: MemorySessions = new Map()
  readonly #options: Options
  readonly #routings: Routing[] = []

  constructor(options: Options = {}) {
    this.#options = options
    const bus = createMemoryBus(captureLog())
    const publish = options.publish ?? bus.publish
    this.bus = {
      ...bus,
      publish: (to, message) => {
        this.published.push({ to, message })
        return publish(to, message)
      },
    }
  }

  async add(name: string): Promise<Gateway> {
    const id = name as GatewayId
    const { logger, lines } = captureLog()
    const sessions = createMemorySessionRegistry(id, this.#sessions)
    const metrics = createMetrics()
    const hub = createHub({
      readLog: async () => [],
      logFloor: async () => 0,
      onMembersChanged: () => undefined,
      sessions,
      metrics,
      logger,
    })
    const memberIds = this.#options.memberIds ?? (async (chat) => this.#membersOf(chat))
    const routing = createRouting(
      { config: { gatewayId: id }, backplane: { bus: this.bus, sessions }, metrics, logger },
      {
        hub,
        audience: { memberIds, observe: () => undefined },
        resync: { request: (reason: ResyncReason) => void this.resyncs.push(`${id} ${reason}`) },
        bounds: this.#options.bounds ?? {},
      },
    )
    const { router, topics, publisher } = routing
    const edges: PresenceEdge[] = []
    topics.subscribe(presenceEdgeTopic, (received) => edges.push(...received))
    this.#routings.push(routing)
    await routing.start()
    return {
      id,
      router,
      hub,
      edges,
      lines,
      metrics,
      publishEdges: (to, some) => publisher.run(async () => topics.publish(presenceEdgeTopic, to, some)),
      subscribe: (userId, ...chats) => subscribe(hub, userId, chats),
      stop: routing.stop,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#routings.map((routing) => routing.stop()))
    await this.bus.close()
  }

  #membersOf(chat: ChatId): readonly UserId[] {
    const entries = Object.entries(this.#options.members ?? {})
    return entries.find(([name]) => chatId(name) === chat)?.[1] ?? []
  }
}

function subscribe(hub: Hub, userId: UserId, chats: readonly string[]): EventQueue<LiveItem> {
  const delivered = new EventQueue<LiveItem>()
  hub.subscribe({ userId, push: (item) => delivered.push(item), restart: () => undefined })
  for (const chat of chats) {
    hub.addMembership(userId, { chatId: chatId(chat), joinedSeq: 0, headSeq: 0, floorSeq: 0 })
  }
  return delivered
}
