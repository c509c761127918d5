import type { ResyncReason } from '../../../src/gateway/resync.ts'
import { createMetrics, type Metrics } from '../../../src/telemetry/metrics.ts'
import type { Bus } from '../../../src/bus/bus.ts'
import { createMemoryBus } from '../../../src/bus/memory-bus.ts'
import { createHub, type Hub } from '../../../src/gateway/hub.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import {
  createMemorySessionRegistry,
  type MemorySessions,
} from '../../../src/sessions/memory-session-registry.ts'
import { createRouter, type Router, type RouterBounds } from '../../../src/gateway/router.ts'
import type { ChatId, GatewayId, UserId } from '../../../src/ids.ts'
import type { PresenceEdge } from '../../../src/events/presence-state.ts'
import { captureLog, type LogLine } from '../../harness/checkers/captured-log.ts'
import { EventQueue } from '../../harness/people/event-queue.ts'
import { chatId } from '../../harness/people/events.ts'

/** One gateway of several: its router, its hub, and what it logged. */
export type Gateway = Readonly<{
  id: GatewayId
  router: Router
  hub: Hub
  /** Who came and went, as others told it. */
  edges: readonly PresenceEdge[]
  lines: readonly LogLine[]
  metrics: Metrics
  /** Somebody who listens here and is served these chats from their start; what they hear. */
  serve(userId: UserId, ...chats: readonly string[]): EventQueue<LiveItem>
}>

/** What is published on the bus, by whom it is for. */
type Published = Readonly<{ to: GatewayId; message: string }>

type Options = Readonly<{
  /** Who is in which chat, as far as the list of members knows. */
  members?: Readonly<Record<string, readonly UserId[]>>
  memberIds?: (chatId: ChatId) => Promise<readonly UserId[]>
  /** Put in the place of the bus's own. */
  publish?: Bus['publish']
  bounds?: Partial<RouterBounds>
}>

/** Several gateways over one bus in memory. */
export class Gateways implements AsyncDisposable {
  readonly published: Published[] = []
  readonly bus: Bus
  readonly #sessions: MemorySessions = new Map()
  readonly #options: Options
  readonly #routers: Router[] = []
  /** Which gateway was told to compare everything with the logs, and why. */
  readonly sweeps: string[] = []

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
    const sweeper = { request: (reason: ResyncReason) => void this.sweeps.push(`${id} ${reason}`) }
    const hub = createHub({
      readLog: async () => [],
      logFloor: async () => 0,
      onMembersChanged: () => undefined,
      sessions,
      metrics,
      logger,
    })
    const memberIds = this.#options.memberIds ?? (async (chat) => this.#membersOf(chat))
    const audience = { memberIds, observe: () => undefined }
    const edges: PresenceEdge[] = []
    const router = createRouter({
      gatewayId: id,
      hub,
      bus: this.bus,
      sessions,
      audience,
      onEdges: (heard) => edges.push(...heard),
      sweeper,
      metrics,
      logger,
      bounds: this.#options.bounds ?? {},
    })
    this.#routers.push(router)
    await router.start()
    return { id, router, hub, edges, lines, metrics, serve: (userId, ...chats) => serve(hub, userId, chats) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#routers.map((router) => router.stop()))
    await this.bus.close()
  }

  #membersOf(chat: ChatId): readonly UserId[] {
    const entries = Object.entries(this.#options.members ?? {})
    return entries.find(([name]) => chatId(name) === chat)?.[1] ?? []
  }
}

function serve(hub: Hub, userId: UserId, chats: readonly string[]): EventQueue<LiveItem> {
  const heard = new EventQueue<LiveItem>()
  hub.subscribe({ userId, push: (item) => heard.push(item), restart: () => undefined })
  for (const chat of chats)
    hub.addMembership(userId, { chatId: chatId(chat), joinedSeq: 0, headSeq: 0, floorSeq: 0 })
  return heard
}
