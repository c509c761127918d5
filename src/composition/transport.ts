import { type Authenticator, createAuthenticator } from '../auth/session.ts'
import { createTokenVerifier } from '../auth/tokens.ts'
import type { Domains } from './domains.ts'
import type { Foundation } from './foundation.ts'
import { createDemo, type Demo } from '../demo/demo.ts'
import { createContextFactory } from '../api/context-factory.ts'
import type { Services } from '../api/services.ts'
import { createSchema } from '../api/schema.ts'
import { createConcurrencyLimit } from '../quotas/concurrency-limit.ts'
import { createConnectionAdmission } from '../transport/websocket/connection-admission.ts'
import { CLOSE_CODES } from '../transport/websocket/close-codes.ts'
import { createGraphiql } from '../transport/http/graphiql.ts'
import { createHealth, type Health } from '../transport/health/health.ts'
import { createMetricsPage } from '../transport/health/metrics-page.ts'
import { createServer, type TransportServer } from '../transport/server.ts'
import { createWebSocketEndpoint } from '../transport/websocket/endpoint.ts'
import { createYogaHandler } from '../transport/http/yoga.ts'

/** What the outside meets. */
export type Transport = Readonly<{ server: TransportServer; health: Health; demo: Demo | undefined }>

export function createTransport(foundation: Foundation, { services }: Domains): Transport {
  const { config, secrets, clock, logger, metrics, intake } = foundation
  const verifier = createTokenVerifier({ auth: config.auth, secret: secrets.authSecret, clock })
  const authenticator: Authenticator = createAuthenticator({
    verifier,
    async provision({ userId: id, ...profile }) {
      const isWritten = await services.users.provision({ id, ...profile })
      // Their first query may go to a replica that does not know them yet.
      if (isWritten) foundation.database.marks?.recordDelivery(id)
    },
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
    turns: createConcurrencyLimit(),
    marks: foundation.database.marks,
    graphiql:
      config.mode === 'development'
        ? createGraphiql({ tour: async () => (await demo?.tour()) ?? { tabs: [], values: {} } })
        : undefined,
  })
  const admission = createConnectionAdmission({
    expectedWaitMs: services.inbox.expectedWaitMs,
    turnAwayMs: services.levels.connectionRetryAfterMs,
    metrics,
  })
  const websocket = createWebSocketEndpoint({
    yoga,
    authenticator,
    admission,
    sends: services.operationAdmission,
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
    warnings: { replication: () => database.replicationRisk() },
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
