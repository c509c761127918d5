import { createContextFactory, createSharedContext } from '../api/context-factory.ts'
import { createSchema } from '../api/schema.ts'
import { createServerInfo, type ServerInfo, type ServerPush } from '../api/server-info.ts'
import type { Services } from '../api/services.ts'
import { readVersion } from '../config/version.ts'
import { createDemo, type Demo } from '../demo/demo.ts'
import { globalId } from '../ids.ts'
import { createDocumentBudget, createReadingPace } from '../quotas/document-budget.ts'
import { createRefusalBudget } from '../quotas/refusal-budget.ts'
import { createLiveLimits } from '../quotas/live-limits.ts'
import { createConcurrencyLimit } from '../quotas/concurrency-limit.ts'
import { createHealth, type Health } from '../transport/health/health.ts'
import { createMetricsPage } from '../transport/health/metrics-page.ts'
import { createMediaEndpoint, type MediaEndpoint } from '../transport/http/media.ts'
import { createMediaCorsHeaders } from '../transport/http/origins.ts'
import { createDemoPage, type DemoPage, type DemoPerson } from '../transport/http/demo-page.ts'
import { createGraphiql } from '../transport/http/graphiql.ts'
import { createWebApp, WEB_APP_FOLDER, type WebApp } from '../transport/http/web-app.ts'
import { createYogaHandler } from '../transport/http/yoga.ts'
import { createServer, type TransportServer } from '../transport/server.ts'
import { CLOSE_CODES } from '../transport/websocket/close-codes.ts'
import { readTrustedDocuments } from '../transport/pipeline/trusted-documents.ts'
import { createEventPayloads } from '../transport/pipeline/event-payloads.ts'
import { createConnectionAdmission } from '../transport/websocket/connection-admission.ts'
import { createReadingBudget } from '../transport/websocket/reading-budget.ts'
import { createWebSocketEndpoint } from '../transport/websocket/endpoint.ts'
import { SOCKET_LIMITS } from '../transport/websocket/limits.ts'
import type { Auth } from './auth.ts'
import type { Foundation } from './foundation.ts'
import type { MediaParts } from './media.ts'
import type { ServerApi } from './server-api.ts'

/** The HTTP and WebSocket server, its health checks, and the demo users. */
export type Transport = Readonly<{
  server: TransportServer
  health: Health
  demo: Demo | undefined
  /** Undefined if it is off. */
  serverApi: ServerApi | undefined
}>

export function wireServerInfo({ config }: Foundation, push: ServerPush): ServerInfo {
  return createServerInfo({
    version: readVersion(),
    push,
    maxGroupMembers: config.groups.maxMembers,
    maxMessageFrameBytes: SOCKET_LIMITS.maxMessageBytes,
    maxUploadBytes: config.media?.maxUploadBytes,
  })
}

export function wireTransport(
  foundation: Foundation,
  services: Services,
  { authenticator }: Pick<Auth, 'authenticator'>,
  media: MediaParts,
  serverApi: ServerApi | undefined,
): Transport {
  const { config, clock, logger, metrics, intake, database, adaptSchema } = foundation
  const demo = wireDemo(foundation, services)
  const contextFor = createContextFactory(services, clock)
  const { code, reason } = CLOSE_CODES.SLOW_CONSUMER
  const refusals = createRefusalBudget()
  const documentBudget = createDocumentBudget()
  const pace = createReadingPace()
  const liveLimits = createLiveLimits(config.load.limitFactor)
  const yoga = createYogaHandler({
    schema: adaptSchema(createSchema()),
    context: ({ session, connection, baseUrl, openLiveSink, texts }) => {
      const disconnectSlowReader = connection && (() => connection.close(code, reason))
      const from = baseUrl === undefined ? {} : { baseUrl }
      return contextFor({ session, ...from, disconnectSlowReader, openLiveSink, texts })
    },
    authenticator,
    config,
    clock,
    logger,
    concurrencyLimit: createConcurrencyLimit(),
    liveLimits,
    documentBudget,
    refusals,
    chargeAnswer: services.operationAdmission.chargeAnswer,
    marks: database.marks,
    introspection: config.introspection,
    trustedDocuments:
      config.trustedDocuments === undefined ? undefined : readTrustedDocuments(config.trustedDocuments),
    page:
      config.mode === 'development'
        ? createGraphiql({ tour: async () => (await demo?.tour()) ?? { tabs: [], values: {} } })
        : undefined,
  })
  const websocket = createWebSocketEndpoint({
    yoga,
    authenticator,
    admission: createConnectionAdmission({
      expectedWaitMs: services.inbox.expectedWaitMs,
      retryAfterMs: services.levels.connectionRetryAfterMs,
      metrics,
    }),
    operationAdmission: services.operationAdmission,
    payloads: createEventPayloads({ sharedContext: createSharedContext(services, clock), logger }),
    intake,
    liveLimits,
    reading: createReadingBudget({ documents: documentBudget, pace, refusals }),
    config,
    clock,
    logger,
  })
  metrics.gauge('connections', 'Open WebSocket connections.', () => websocket.connectionCount)
  const health = wireHealth(foundation)
  const server = createServer({
    yoga,
    websocket,
    health,
    ...wireWebApp(foundation, demo),
    serverApi: serverApi?.yoga,
    media: wireMediaEndpoint(foundation, services, media),
    metrics: createMetricsPage(metrics.registry),
    config,
    refusals,
    pace,
    logger,
  })
  return { server, health, demo, serverApi }
}

function wireMediaEndpoint(
  { config, clock, metrics, logger }: Foundation,
  { levels }: Services,
  { mediaLinks, files }: MediaParts,
): MediaEndpoint {
  return createMediaEndpoint({
    links: mediaLinks,
    files,
    pausedForMs: () => (levels.isPaused('uploads') ? levels.retryAfterMs() : undefined),
    corsHeaders: createMediaCorsHeaders(config),
    clock,
    metrics,
    logger,
  })
}

/** Empty if the web app is off. */
function wireWebApp(
  { config, logger }: Foundation,
  demo: Demo | undefined,
): Readonly<{ webApp?: WebApp; demoPage?: DemoPage }> {
  if (!config.webApp) return {}
  const people = async (demoUsers: Demo): Promise<readonly DemoPerson[]> =>
    (await demoUsers.people()).map(({ id, name, token }) => ({ id: globalId.user(id), name, token }))
  return {
    webApp: createWebApp({
      folder: WEB_APP_FOLDER,
      frameOrigins: config.http.allowedOrigins,
      publicOrigin: config.http.publicUrl && new URL(config.http.publicUrl).origin,
      isDevelopment: config.mode === 'development',
      logger,
    }),
    demoPage: createDemoPage(demo && (() => people(demo))),
  }
}

function wireHealth({ database, backplane: { isUp }, metrics, logger }: Foundation): Health {
  const health = createHealth({
    checks: { database: () => database.ping() },
    optional: isUp === undefined ? {} : { redis: isUp },
    warnings: { replication: () => database.replicationRisk() },
    logger,
  })
  metrics.gauge('database_up', 'Whether the database responds: 1 or 0.', async () =>
    Number((await health.readiness()).checks['database'] === 'ok'),
  )
  if (isUp !== undefined) {
    metrics.gauge(
      'redis_up',
      'Whether this gateway receives from the others over Redis, and its users are registered: 1 or 0.',
      () => Number(isUp()),
    )
  }
  return health
}

/** Undefined if Parley cannot or must not issue tokens. */
function wireDemo({ config, secrets }: Foundation, { users, chats }: Services): Demo | undefined {
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
