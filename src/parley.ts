import { type Authenticator, createAuthenticator } from './auth/session.ts'
import { createTokenVerifier } from './auth/tokens.ts'
import type { Bus } from './bus/bus.ts'
import { createMemoryBus } from './bus/memory-bus.ts'
import { createRedisBus } from './bus/redis-bus.ts'
import { connectRedis } from './bus/redis-connection.ts'
import { createAudienceStore } from './chats/audience-store.ts'
import { createRedisFence, createRedisMarks } from './bus/redis-marks.ts'
import { createAudience } from './chats/audience.ts'
import { createChatLogStore } from './chats/chat-log-store.ts'
import { createChatLog } from './chats/chat-log.ts'
import { createChatStore } from './chats/chat-store.ts'
import { createChats } from './chats/chats.ts'
import { createDurableChange } from './chats/durable-change.ts'
import { createSettingsStore } from './chats/settings-store.ts'
import { createChatUpdater } from './chats/update-chat.ts'
import type { Config } from './config/config.ts'
import type { Secrets } from './config/secrets.ts'
import { createDemo, type Demo } from './demo/demo.ts'
import { createChatStreams } from './delivery/chat-stream.ts'
import { createDeviceStore } from './delivery/device-store.ts'
import { createLiveDevices } from './delivery/live-devices.ts'
import { createInbox } from './delivery/inbox.ts'
import { createHub, type Hub } from './gateway/hub.ts'
import { createDeafness, type Deafness } from './gateway/deafness.ts'
import { createMembershipStore } from './gateway/membership-store.ts'
import { createMemorySessionRegistry } from './gateway/memory-session-registry.ts'
import { createRedisSessionRegistry } from './gateway/redis-session-registry.ts'
import { createRouter, type Router } from './gateway/router.ts'
import type { SessionRegistry } from './gateway/session-registry.ts'
import { createSweeper, type Sweeper } from './gateway/sweeper.ts'
import { createContextFactory } from './graphql/context-factory.ts'
import type { Services } from './graphql/context.ts'
import { createSchema } from './graphql/schema.ts'
import { createGroupCreation } from './groups/create-group.ts'
import { createGroupStore } from './groups/group-store.ts'
import { createGroups } from './groups/groups.ts'
import { createPeople } from './groups/people.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { once } from './lib/once.ts'
import { createGate, type Gate } from './load/gate.ts'
import { createHeaviestSenders } from './load/heaviest-senders.ts'
import { createLevelCommands } from './load/level-commands.ts'
import { rankOf } from './load/levels.ts'
import { createRateLimits, type RateLimits } from './load/rate-limits.ts'
import { createServiceLevels, type ServiceLevels } from './load/service-levels.ts'
import { createSharedLimits, type SharedLimits } from './load/shared-limits.ts'
import { createSignals } from './load/signals.ts'
import { createMessageChanger } from './messages/change-message.ts'
import { createChangeStore } from './messages/change-store.ts'
import { createDurableAppend } from './messages/durable-append.ts'
import { createExpiryStore } from './messages/expiry-store.ts'
import { createExpirySweeper } from './messages/expiry-sweeper.ts'
import { type WatchedLog, watchCommits } from './messages/commit-watch.ts'
import { createMessageLog } from './messages/message-log.ts'
import { createMessageStore } from './messages/message-store.ts'
import { createMessages } from './messages/messages.ts'
import { createMessageSender } from './messages/send-message.ts'
import { createKeeper, type Keeper } from './presence/keeper.ts'
import { createLastSeenStore, type LastSeenStore } from './presence/last-seen-store.ts'
import { createMemoryPresence, createMemoryPresenceStore } from './presence/memory-presence-store.ts'
import { createPresence, type PresenceService } from './presence/presence.ts'
import { type PresenceStore, WINDOW_MS } from './presence/presence-store.ts'
import { createRedisPresenceStore } from './presence/redis-presence-store.ts'
import { createTeller } from './presence/teller.ts'
import { createTouches } from './presence/touches.ts'
import { createVisibilityStore, type VisibilityStore } from './presence/visibility-store.ts'
import { createWatching, type Watching } from './presence/watching.ts'
import { createReceiptStore } from './receipts/receipt-store.ts'
import { createReceipts } from './receipts/receipts.ts'
import { createTelling } from './receipts/telling.ts'
import { createDatabase, type Database } from './store/database.ts'
import type { TimelineFence } from './store/timeline-fence.ts'
import type { SharedMarks } from './store/viewer-marks.ts'
import type { Logger } from './telemetry/logger.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createAdmission } from './transport/admission.ts'
import { CLOSE_CODES } from './transport/close-codes.ts'
import { createGraphiql } from './transport/graphiql.ts'
import { createHealth, type Health } from './transport/health.ts'
import { createIntake } from './transport/intake.ts'
import { createMetricsPage } from './transport/metrics-page.ts'
import { createServer, type TransportServer } from './transport/server.ts'
import { createWebSocketEndpoint } from './transport/websocket.ts'
import { createYogaHandler } from './transport/yoga.ts'
import { createTyping } from './typing/typing.ts'
import { createUserStore } from './users/user-store.ts'
import { createUsers } from './users/users.ts'

/** One instance: a gateway with every domain in it. Several can live in one process. */
export type Parley = Readonly<{
  /** Connects, then listens; resolves when ready. */
  start(): Promise<Started>
  /** Turns newcomers away, sends those who are here elsewhere, finishes what was begun, lets go of everything. */
  stop(): Promise<void>
}>

export type Started = Readonly<{
  /** Where the API is, without its path. */
  url: string
  /** In development with tokens of our own: people to try it with. */
  demo: Demo | undefined
}>

/** What several instances in one process share, and what tests choose. */
export type Overrides = Readonly<{
  clock?: Clock
  bus?: Bus
  sessions?: SessionRegistry
  presence?: Partial<PresenceSettings>
}>

/** How presence works on this gateway. */
export type PresenceSettings = Readonly<{
  /** How long somebody is online after their last activity, in milliseconds; 20 s. */
  windowMs: number
  /** Whether presence is left alone for now: everybody is told that it is not known. Never, unless somebody says so. */
  isPaused(): boolean
}>

/** Puts an instance together; nothing connects or listens before `start`. The one place that constructs. */
export function createParley(
  config: Config,
  secrets: Secrets,
  logger: Logger,
  overrides: Overrides = {},
): Parley {
  const foundation = createFoundation(config, secrets, logger, overrides)
  const domains = createDomains(foundation)
  const transport = createTransport(foundation, domains)
  return createLifecycle(foundation, domains, transport)
}

const PRESENCE: PresenceSettings = { windowMs: WINDOW_MS, isPaused: () => false }

type Foundation = ReturnType<typeof createFoundation>
type Domains = ReturnType<typeof createDomains>
type Transport = Readonly<{ server: TransportServer; health: Health }>

function createFoundation(config: Config, secrets: Secrets, logger: Logger, overrides: Overrides) {
  const clock = overrides.clock ?? systemClock
  if (secrets.databaseUrl === undefined) throw new Error('createParley needs a database to connect to')
  const metrics = createMetrics()
  metrics.startDefaults()
  const presence = { ...PRESENCE, ...overrides.presence }
  const backplane =
    config.bus.type === 'redis'
      ? createRedisBackplane(config, secrets, logger, presence)
      : createMemoryBackplane(config, logger, overrides, { ...presence, clock })
  const database: Database = createDatabase({
    writerUrl: secrets.databaseUrl,
    replicaUrls: secrets.replicaUrls,
    replicationPolicy: config.replicationPolicy,
    ...backplane.known,
    logger,
    metrics,
  })
  return { config, secrets, logger, metrics, clock, database, backplane, presence, intake: createIntake() }
}

/** What connects this gateway with the others. */
type Backplane = Readonly<{
  bus: Bus
  sessions: SessionRegistry
  presence: PresenceStore
  /** Resolves when connected, or when that has to wait; from then on the sweeper fills in for what does not work. */
  start(sweeper: Sweeper): Promise<void>
  stop(): Promise<void>
  /** Whether the gateways can tell each other things at present; undefined where they need nothing for it. */
  isUp: (() => boolean) | undefined
  /** What lets gateways know of each other's spending; undefined where there is one gateway. */
  share(limits: RateLimits): SharedLimits | undefined
  /** What gateways tell each other of the database. */
  known: Readonly<{ fence?: TimelineFence; sharedMarks?: SharedMarks }>
}>

function createMemoryBackplane(
  { gatewayId }: Config,
  logger: Logger,
  overrides: Overrides,
  { windowMs, clock }: PresenceSettings & { clock: Clock },
): Backplane {
  const bus = overrides.bus ?? createMemoryBus({ logger })
  const sessions = overrides.sessions ?? createMemorySessionRegistry(gatewayId, new Map())
  const presence = createMemoryPresenceStore({
    gatewayId,
    presence: createMemoryPresence(),
    windowMs,
    clock,
    elapsedMs,
  })
  const stop = async (): Promise<void> => {
    await sessions.close()
    if (overrides.bus === undefined) await bus.close()
  }
  return {
    bus,
    sessions,
    presence,
    start: () => Promise.resolve(),
    stop,
    isUp: undefined,
    share: () => undefined,
    known: {},
  }
}

function createRedisBackplane(
  { gatewayId }: Config,
  { redisUrls: urls }: Secrets,
  logger: Logger,
  { windowMs }: PresenceSettings,
): Backplane {
  const publisher = connectRedis({ urls, name: `parley ${gatewayId}`, logger })
  const subscriber = connectRedis({ urls, name: `parley ${gatewayId} hears`, logger })
  const bus = createRedisBus({ publisher, subscriber, logger })
  const sessions = createRedisSessionRegistry({ connection: publisher, gatewayId, logger })
  const presence = createRedisPresenceStore({ connection: publisher, gatewayId, windowMs })
  let deafness: Deafness | undefined
  const fence = createRedisFence(publisher, logger)

  async function start(sweeper: Sweeper): Promise<void> {
    deafness = createDeafness(sweeper)
    bus.onHearing(deafness.setHearing)
    await Promise.all([publisher.start(), subscriber.start()])
    deafness.setHearing(subscriber.status() === 'up')
    fence.start()
    await sessions.start({
      onLost: () => sweeper.sweep('unregistered'),
      onGatewayGone: () => sweeper.sweep('gateway-gone'),
      onReach: deafness.setKnown,
    })
  }

  async function stop(): Promise<void> {
    await fence.stop()
    await sessions.close()
    await bus.close()
    await Promise.all([publisher.close(), subscriber.close()])
  }

  const share = (limits: RateLimits): SharedLimits =>
    createSharedLimits({ connection: publisher, limits, logger })
  const known = { fence, sharedMarks: createRedisMarks(publisher) }
  return { bus, sessions, presence, start, stop, isUp: () => deafness?.isDeaf() === false, share, known }
}

/** What knows how much there is to do, and what may wait. */
type Load = Readonly<{ levels: ServiceLevels; gate: Gate; shared: SharedLimits | undefined }>

type LoadSources = Readonly<{ log: WatchedLog; waitingSends(): number }>

function createLoad(
  { config, database, clock, logger, metrics, backplane, intake }: Foundation,
  { log, waitingSends }: LoadSources,
): Load {
  const heaviest = createHeaviestSenders(elapsedMs)
  const levels = createServiceLevels({
    signals: createSignals({
      waitingToBeReadMs: intake.longestWaitMs,
      waitingSends,
      commitMs: log.commitMs,
      waitingStatements: database.waiting,
    }),
    commands: createLevelCommands(database),
    onReading(pressure, asked) {
      if (pressure === 'BEYOND' && asked === 'BEYOND') heaviest.tighten()
      else if (pressure !== 'BEYOND') heaviest.relax()
    },
    clock,
    now: elapsedMs,
    isAutomatic: config.load.isAutomatic,
    logger,
  })
  const limits = createRateLimits({ now: elapsedMs, factor: config.load.limitFactor })
  metrics.gauge('service_level', 'The level that clients are told: 0 NORMAL, 1 BUSY, 2 ESSENTIAL.', () =>
    rankOf(levels.status().level),
  )
  metrics.gauge(
    'pressure',
    'How hard this gateway is pressed by its own measure: as its level, and 3 beyond.',
    () => rankOf(levels.pressure()),
  )
  return {
    levels,
    gate: createGate({ levels, limits, heaviest, metrics }),
    shared: backplane.share(limits),
  }
}

/** For how long something has gone on, by a clock that does not jump. */
function elapsedMs(): number {
  return performance.now()
}

function createDomains(foundation: Foundation) {
  const { config, database, clock, logger, metrics, backplane } = foundation
  const { bus, sessions } = backplane
  const { promisedWriter: writer } = database
  const log = watchCommits(createMessageLog({ writer }), elapsedMs)
  const load = createLoad(foundation, { log, waitingSends: () => messageSender.depth() })
  const users = createUsers({ store: createUserStore(database), clock })
  const chatStore = createChatStore(database)
  const chats = createChats({ store: chatStore, users })
  const chatLog = createChatLog({ store: createChatLogStore(database), writer })

  const hub: Hub = createHub({
    readLog: (stretch) => chatLog.read(stretch),
    sessions,
    metrics,
    logger,
  })
  const presenceStores = {
    store: backplane.presence,
    lastSeen: createLastSeenStore(database),
    visibility: createVisibilityStore(database),
  }
  const watching = createWatching({ ...presenceStores, logger })
  const logSweeper = createSweeper({ hub, store: createMembershipStore(database), clock, metrics, logger })
  // Whatever made a gateway miss an event may have made it miss that somebody came or went.
  const sweeper: Sweeper = {
    ...logSweeper,
    sweep(reason) {
      logSweeper.sweep(reason)
      watching.recheck()
    },
  }
  const audience = createAudience({ store: createAudienceStore(database), clock })
  const router: Router = createRouter({
    gatewayId: config.gatewayId,
    hub,
    bus,
    sessions,
    audience,
    onEdges: watching.offer,
    sweeper,
    metrics,
    logger,
  })
  const { publish } = router

  const messages = createMessages({ store: createMessageStore(database) })
  const messageSender = createMessageSender({
    append: createDurableAppend({ log, chatLog, publish, metrics, logger }),
    findMessage: async (id) => (await messages.findMany([id]))[0],
    metrics,
  })
  const expirySweeper = createExpirySweeper({ store: createExpiryStore(database), metrics, logger })
  const change = createDurableChange({ chatLog, publish })
  const messageChanger = createMessageChanger({ change, store: createChangeStore() })
  const chatUpdater = createChatUpdater({ change, store: createSettingsStore() })
  const groupStore = createGroupStore(database)
  const people = createPeople({ users, maxMembers: config.groups.maxMembers })
  const liveDevices = createLiveDevices()
  const receiptStore = createReceiptStore(database)
  const receipts = createReceipts({
    store: receiptStore,
    isLive: liveDevices.has,
    telling: createTelling({ store: receiptStore, logger }),
    clock,
    publish: (advanced) =>
      router.announce(advanced.map((receipt) => ({ type: 'ReceiptAdvanced', ...receipt }))),
    leastRestMs: load.levels.receiptRestMs,
  })

  const devices = createDeviceStore(database)
  const { marks } = database
  const inbox = createInbox({ hub, devices, liveDevices, chatLog, receipts, clock, marks, metrics, logger })
  const chatStreams = createChatStreams({ hub, chats, chatLog, clock })
  const { presence, keeper } = createPresenceParts(foundation, presenceStores, watching, router, load)
  const services: Services = {
    users,
    chats,
    chatLog,
    chatUpdater,
    createGroup: createGroupCreation({ store: groupStore, people, chatLog, publish }),
    groups: createGroups({ change, store: groupStore, people }),
    messages,
    messageSender,
    messageChanger,
    receipts,
    typing: createTyping({ chats, announce: router.announce }),
    presence,
    inbox,
    chatStreams,
    levels: load.levels,
    gate: load.gate,
  }
  metrics.gauge('lane_depth', 'Messages that wait to be stored.', () => messageSender.depth())
  metrics.gauge('presence_watched', 'People whose presence is watched by somebody here.', watching.size)
  return { services, load, hub, router, sweeper, expirySweeper, watching, keeper }
}

type PresenceStores = Readonly<{
  store: PresenceStore
  lastSeen: LastSeenStore
  visibility: VisibilityStore
}>

/** What takes note of people's activity, and what notices that there is none. */
function createPresenceParts(
  { config, metrics, logger, presence: { windowMs, isPaused } }: Foundation,
  stores: PresenceStores,
  watching: Watching,
  { tellEdges }: Router,
  { levels }: Load,
): { presence: PresenceService; keeper: Keeper } {
  const tell = createTeller({ gatewayId: config.gatewayId, offer: watching.offer, tellEdges, metrics })
  const common = { ...stores, tell, windowMs, elapsedMs, logger }
  const touches = createTouches({ ...common, metrics })
  const isLeftAlone = (): boolean => isPaused() || levels.isPaused('presence')
  const keeper = createKeeper({ ...common, touches, watching, isPaused: isLeftAlone })
  const presence = createPresence({ ...stores, touches, watching, isKnown: keeper.isKnown, logger })
  return { presence, keeper }
}

function createTransport(
  foundation: Foundation,
  { services }: Domains,
): Transport & { demo: Demo | undefined } {
  const { config, secrets, clock, logger, metrics, intake } = foundation
  const verifier = createTokenVerifier({ auth: config.auth, secret: secrets.authSecret, clock })
  const authenticator: Authenticator = createAuthenticator({
    verifier,
    provision: ({ userId: id, ...profile }) => services.users.provision({ id, ...profile }),
  })
  const contextFor = createContextFactory(services, clock)
  const { code, reason } = CLOSE_CODES.SLOW_CONSUMER
  const demo = demoFor(foundation, services)
  const yoga = createYogaHandler({
    schema: createSchema(),
    context: ({ session, connection }) =>
      contextFor({ session, disconnectSlowReader: connection && (() => connection.close(code, reason)) }),
    authenticator,
    config,
    clock,
    logger,
    marks: foundation.database.marks,
    graphiql:
      config.mode === 'development'
        ? createGraphiql({ tour: async () => (await demo?.tour()) ?? { tabs: [], values: {} } })
        : undefined,
  })
  const admission = createAdmission({
    expectedWaitMs: services.inbox.expectedWaitMs,
    turnAwayMs: services.levels.turnAwayMs,
    metrics,
  })
  const websocket = createWebSocketEndpoint({
    yoga,
    authenticator,
    admission,
    intake,
    config,
    clock,
    logger,
  })
  const health = createHealthOf(foundation)
  const server = createServer({
    yoga,
    websocket,
    health,
    metrics: createMetricsPage(metrics.registry),
    config,
    logger,
  })
  metrics.gauge('connections', 'Open WebSocket connections.', () => websocket.connectionCount)
  return { server, health, demo }
}

function createHealthOf({ database, backplane: { isUp }, metrics, logger }: Foundation): Health {
  const health = createHealth({
    checks: { database: () => database.ping() },
    spare: isUp === undefined ? {} : { redis: isUp },
    warnings: { replication: () => database.risk() },
    logger,
  })
  metrics.gauge('database_up', 'Whether the database answers: 1 or 0.', async () =>
    Number((await health.readiness()).checks['database'] === 'ok'),
  )
  if (isUp !== undefined) {
    metrics.gauge(
      'redis_up',
      'Whether this gateway hears the others by way of Redis, and they know of its people: 1 or 0.',
      () => Number(isUp()),
    )
  }
  return health
}

function demoFor({ config, secrets }: Foundation, { users, chats }: Services): Demo | undefined {
  const { auth, mode } = config
  if (mode === 'production' || auth.type === 'jwks' || secrets.authSecret === undefined) return undefined
  return createDemo({
    secret: secrets.authSecret,
    issuer: auth.issuer,
    audience: auth.audience,
    users,
    chats,
  })
}

/** The share of the whole deadline for a stop in which connections are closed, wave by wave. */
const WAVES_SHARE = 0.4

/*
 * Stopping goes against the stream: first nobody new comes in, then those who are here are sent elsewhere, in waves
 * so that the other gateways get them bit by bit, then what they had begun is finished and told, and only then do the
 * connections that all of this needs go.
 */
function createLifecycle(
  { config, database, backplane, logger }: Foundation,
  { services, load, router, hub, sweeper, expirySweeper, watching, keeper }: Domains,
  { server, health, demo }: ReturnType<typeof createTransport>,
): Parley {
  const start = once(async () => {
    await database.start()
    await backplane.start(sweeper)
    await router.start()
    load.levels.start()
    load.shared?.start()
    sweeper.start()
    expirySweeper.start()
    keeper.start()
    const { url } = await server.start()
    health.markReady()
    return { url, demo }
  })

  const stop = once(async () => {
    health.markDraining()
    server.stopAccepting()
    await Promise.all([
      server.closeInWaves({ deadlineMs: config.shutdownDeadlineMs * WAVES_SHARE }),
      // What rests under load is stored now, while whoever reported it can still be answered.
      services.receipts.drained(),
    ])
    await server.stop()
    await Promise.all([services.messageSender.drained(), services.receipts.drained(), keeper.stop()])
    await router.stop()
    await Promise.all([sweeper.stop(), expirySweeper.stop(), watching.close()])
    await Promise.all([load.levels.stop(), load.shared?.stop()])
    hub.close()
    await backplane.stop()
    await database.stop()
    logger.info('stopped')
  })

  return { start, stop }
}
