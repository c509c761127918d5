import { type Authenticator, createAuthenticator } from './auth/session.ts'
import { createTokenVerifier } from './auth/tokens.ts'
import type { Bus } from './bus/bus.ts'
import { createMemoryBus } from './bus/memory-bus.ts'
import { createRedisBus } from './bus/redis-bus.ts'
import { connectRedis } from './bus/redis-connection.ts'
import { createAudienceStore } from './chats/audience-store.ts'
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
import { createMessageChanger } from './messages/change-message.ts'
import { createChangeStore } from './messages/change-store.ts'
import { createDurableAppend } from './messages/durable-append.ts'
import { createExpiryStore } from './messages/expiry-store.ts'
import { createExpirySweeper } from './messages/expiry-sweeper.ts'
import { createMessageLog } from './messages/message-log.ts'
import { createMessageStore } from './messages/message-store.ts'
import { createMessages } from './messages/messages.ts'
import { createMessageSender } from './messages/send-message.ts'
import { createReceiptStore } from './receipts/receipt-store.ts'
import { createReceipts } from './receipts/receipts.ts'
import { createTelling } from './receipts/telling.ts'
import { createDatabase, type Database } from './store/database.ts'
import type { Logger } from './telemetry/logger.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createAdmission } from './transport/admission.ts'
import { CLOSE_CODES } from './transport/close-codes.ts'
import { createGraphiql } from './transport/graphiql.ts'
import { createHealth, type Health } from './transport/health.ts'
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

type Foundation = ReturnType<typeof createFoundation>
type Domains = ReturnType<typeof createDomains>
type Transport = Readonly<{ server: TransportServer; health: Health }>

function createFoundation(config: Config, secrets: Secrets, logger: Logger, overrides: Overrides) {
  const clock = overrides.clock ?? systemClock
  if (secrets.databaseUrl === undefined) throw new Error('createParley needs a database to connect to')
  const database: Database = createDatabase({ writerUrl: secrets.databaseUrl, logger })
  const metrics = createMetrics()
  metrics.startDefaults()
  const backplane =
    config.bus.type === 'redis'
      ? createRedisBackplane(config, secrets, logger)
      : createMemoryBackplane(config, logger, overrides)
  return { config, secrets, logger, metrics, clock, database, backplane }
}

/** What connects this gateway with the others. */
type Backplane = Readonly<{
  bus: Bus
  sessions: SessionRegistry
  /** Resolves when connected, or when that has to wait; from then on the sweeper fills in for what does not work. */
  start(sweeper: Sweeper): Promise<void>
  stop(): Promise<void>
  /** Whether the gateways can tell each other things at present; undefined where they need nothing for it. */
  isUp: (() => boolean) | undefined
}>

function createMemoryBackplane({ gatewayId }: Config, logger: Logger, overrides: Overrides): Backplane {
  const bus = overrides.bus ?? createMemoryBus({ logger })
  const sessions = overrides.sessions ?? createMemorySessionRegistry(gatewayId, new Map())
  const stop = async (): Promise<void> => {
    await sessions.close()
    if (overrides.bus === undefined) await bus.close()
  }
  return { bus, sessions, start: () => Promise.resolve(), stop, isUp: undefined }
}

function createRedisBackplane(
  { gatewayId }: Config,
  { redisUrls: urls }: Secrets,
  logger: Logger,
): Backplane {
  const publisher = connectRedis({ urls, name: `parley ${gatewayId}`, logger })
  const subscriber = connectRedis({ urls, name: `parley ${gatewayId} hears`, logger })
  const bus = createRedisBus({ publisher, subscriber, logger })
  const sessions = createRedisSessionRegistry({ connection: publisher, gatewayId, logger })
  let deafness: Deafness | undefined

  async function start(sweeper: Sweeper): Promise<void> {
    deafness = createDeafness(sweeper)
    bus.onHearing(deafness.setHearing)
    await Promise.all([publisher.start(), subscriber.start()])
    deafness.setHearing(subscriber.status() === 'up')
    await sessions.start({
      onLost: () => sweeper.sweep('unregistered'),
      onGatewayGone: () => sweeper.sweep('gateway-gone'),
      onReach: deafness.setKnown,
    })
  }

  async function stop(): Promise<void> {
    await sessions.close()
    await bus.close()
    await Promise.all([publisher.close(), subscriber.close()])
  }

  return { bus, sessions, start, stop, isUp: () => deafness?.isDeaf() === false }
}

function createDomains({ config, database, clock, logger, metrics, backplane }: Foundation) {
  const { bus, sessions } = backplane
  const { writer } = database
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
  const sweeper = createSweeper({ hub, store: createMembershipStore(database), clock, metrics, logger })
  const audience = createAudience({ store: createAudienceStore(database), clock })
  const router: Router = createRouter({
    gatewayId: config.gatewayId,
    hub,
    bus,
    sessions,
    audience,
    sweeper,
    metrics,
    logger,
  })
  const { publish } = router

  const messages = createMessages({ store: createMessageStore(database) })
  const messageSender = createMessageSender({
    append: createDurableAppend({ log: createMessageLog({ writer }), chatLog, publish, metrics, logger }),
    findMessage: async (id) => (await messages.findMany([id]))[0],
    metrics,
  })
  const expirySweeper = createExpirySweeper({ store: createExpiryStore({ writer }), metrics, logger })
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
  })

  const devices = createDeviceStore(database)
  const inbox = createInbox({ hub, devices, liveDevices, chatLog, receipts, clock, metrics, logger })
  const chatStreams = createChatStreams({ hub, chats, chatLog, clock })
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
    inbox,
    chatStreams,
  }
  metrics.gauge('lane_depth', 'Messages that wait to be stored.', () => messageSender.depth())
  return { services, hub, router, sweeper, expirySweeper }
}

function createTransport(
  foundation: Foundation,
  { services }: Domains,
): Transport & { demo: Demo | undefined } {
  const { config, secrets, clock, logger, metrics } = foundation
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
    graphiql:
      config.mode === 'development'
        ? createGraphiql({ tour: async () => (await demo?.tour()) ?? { tabs: [], values: {} } })
        : undefined,
  })
  const admission = createAdmission({ expectedWaitMs: services.inbox.expectedWaitMs })
  const websocket = createWebSocketEndpoint({ yoga, authenticator, admission, config, clock, logger })
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
  { services, router, hub, sweeper, expirySweeper }: Domains,
  { server, health, demo }: ReturnType<typeof createTransport>,
): Parley {
  const start = once(async () => {
    await database.start()
    await backplane.start(sweeper)
    await router.start()
    sweeper.start()
    expirySweeper.start()
    const { url } = await server.start()
    health.markReady()
    return { url, demo }
  })

  const stop = once(async () => {
    health.markDraining()
    server.stopAccepting()
    await server.closeInWaves({ deadlineMs: config.shutdownDeadlineMs * WAVES_SHARE })
    await server.stop()
    await Promise.all([services.messageSender.drained(), services.receipts.drained()])
    await router.stop()
    await Promise.all([sweeper.stop(), expirySweeper.stop()])
    hub.close()
    await backplane.stop()
    await database.stop()
    logger.info('stopped')
  })

  return { start, stop }
}
