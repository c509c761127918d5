import { setTimeout as pause } from 'node:timers/promises'
import {
  createDocumentBudget,
  createReadingPace,
  type DocumentBudget,
} from '../../../src/quotas/document-budget.ts'
import { createRefusalBudget, type RefusalBudget } from '../../../src/quotas/refusal-budget.ts'
import { createLiveLimits } from '../../../src/quotas/live-limits.ts'
import type { AnswerLimits } from '../../../src/transport/http/unread-answers.ts'
import { createConcurrencyLimit } from '../../../src/quotas/concurrency-limit.ts'
import { SignJWT } from 'jose'
import { GraphQLScalarType } from 'graphql'
import { createSchema } from 'graphql-yoga'
import type { Claims } from '../../../src/auth/claims.ts'
import { createAuthenticator } from '../../../src/auth/session.ts'
import { createTokenVerifier } from '../../../src/auth/tokens.ts'
import type { Config } from '../../../src/config/config.ts'
import { ParleyError } from '../../../src/errors.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import type { Logger } from '../../../src/telemetry/logger.ts'
import { createConnectionAdmission } from '../../../src/transport/websocket/connection-admission.ts'
import type { Caller } from '../../../src/transport/pipeline/caller.ts'
import type { Graphiql } from '../../../src/transport/http/graphiql.ts'
import { Registry } from 'prom-client'
import type { TrustedDocuments } from '../../../src/transport/pipeline/trusted-documents.ts'
import { createEventPayloads } from '../../../src/transport/pipeline/event-payloads.ts'
import { createMetricsPage } from '../../../src/transport/health/metrics-page.ts'
import { createHealth } from '../../../src/transport/health/health.ts'
import type { Health, HealthCheck } from '../../../src/transport/health/health.ts'
import { createServer } from '../../../src/transport/server.ts'
import type { TransportServer } from '../../../src/transport/server.ts'
import type { SocketLimits } from '../../../src/transport/websocket/limits.ts'
import { createReadingBudget } from '../../../src/transport/websocket/reading-budget.ts'
import { createWebSocketEndpoint } from '../../../src/transport/websocket/endpoint.ts'
import type { WebSocketEndpoint } from '../../../src/transport/websocket/endpoint.ts'
import { createYogaHandler } from '../../../src/transport/http/yoga.ts'
import { createKnownRevocations, type KnownRevocations } from '../../harness/fixtures/known-revocations.ts'
import { ObservedStream } from './observed-stream.ts'

const SECRET = 'a secret that only this test knows, 32 bytes'

type Options = Readonly<{
  mode?: Config['mode']
  allowedOrigins?: readonly string[]
  allowedHeaders?: readonly string[]
  trustedProxies?: readonly string[]
  introspection?: boolean
  trustedDocuments?: TrustedDocuments
  limits?: Partial<SocketLimits>
  checks?: Readonly<Record<string, HealthCheck>>
  graphiql?: Graphiql
  heartbeatMs?: number
  admin?: Config['admin']
  provision?: (claims: Claims) => Promise<void>
  expectedWaitMs?: () => number
  retryAfterMs?: () => number | undefined
  throttleSend?: (userId: string, backlogMs: number) => void
  documentBudget?: DocumentBudget
  refusals?: RefusalBudget
  pace?: DocumentBudget
  answerLimits?: Partial<AnswerLimits>
}>

/** The network side of a gateway, with a schema of a few test fields. */
export type Gateway = AsyncDisposable &
  Readonly<{
    url: string
    webSocketUrl: string
    /** All log lines. */
    log: readonly string[]
    /** The streams of `observed` subscriptions, in order of start. */
    streams: readonly ObservedStream[]
    notes: readonly string[]
    /** The caller of each context. */
    callers: readonly Caller[]
    clock: { offsetMs: number }
    revocations: KnownRevocations
    logger: Logger
    websocket: WebSocketEndpoint
    server: TransportServer
    health: Health
    token(subject: string, options?: Readonly<{ expiresInS?: number }>): Promise<string>
  }>

export async function startGateway(options: Options = {}): Promise<Gateway> {
  const { mode = 'development', limits = {}, checks = {} } = options
  const { allowedOrigins = [], allowedHeaders = [], trustedProxies = [] } = options
  const offset = { offsetMs: 0 }
  const clock = { now: () => Date.now() + offset.offsetMs }
  const log: string[] = []
  const logger = createLogger({ level: 'debug', pretty: false }, { write: (line) => void log.push(line) })
  const http = { host: '127.0.0.1', port: 0, allowedOrigins, allowedHeaders, trustedProxies }
  const config = { mode, http, serverApi: undefined, admin: options.admin }
  const revocations = createKnownRevocations()
  const verifier = createTokenVerifier({ auth: { type: 'secret' }, secret: SECRET, clock })
  const authenticator = createAuthenticator({
    verifier,
    provision: options.provision ?? (async () => undefined),
    revocations,
  })
  const streams: ObservedStream[] = []
  const notes: string[] = []
  const callers: Caller[] = []
  const liveLimits = createLiveLimits()
  const refusals = options.refusals ?? createRefusalBudget()
  const documentBudget = options.documentBudget ?? createDocumentBudget()
  const pace = options.pace ?? createReadingPace()
  const yoga = createYogaHandler({
    concurrencyLimit: createConcurrencyLimit(),
    liveLimits,
    documentBudget,
    refusals,
    schema: createTestSchema(streams, notes),
    context: (caller) => {
      callers.push(caller)
      return { caller }
    },
    authenticator,
    config,
    clock,
    logger,
    ...(options.introspection === undefined ? {} : { introspection: options.introspection }),
    trustedDocuments: options.trustedDocuments,
    page: options.graphiql,
    ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
  })
  const admission = createConnectionAdmission({
    expectedWaitMs: options.expectedWaitMs ?? (() => 0),
    ...(options.retryAfterMs && { retryAfterMs: options.retryAfterMs }),
  })
  const operationAdmission = { throttleSend: options.throttleSend ?? (() => undefined) }
  const websocket = createWebSocketEndpoint({
    yoga,
    authenticator,
    admission,
    payloads: createEventPayloads({ sharedContext: {}, logger }),
    operationAdmission,
    liveLimits,
    reading: createReadingBudget({ documents: documentBudget, pace, refusals }),
    config,
    clock,
    logger,
    limits,
  })
  const health = createHealth({ checks, logger, keepMs: 0 })
  const server = createServer({
    yoga,
    websocket,
    health,
    metrics: createMetricsPage(new Registry()),
    config,
    refusals,
    pace,
    logger,
    answerLimits: options.answerLimits ?? {},
  })
  const { url } = await server.start()
  return {
    url: `${url}/graphql`,
    webSocketUrl: `${url.replace('http', 'ws')}/graphql`,
    log,
    streams,
    notes,
    callers,
    clock: offset,
    revocations,
    logger,
    websocket,
    server,
    health,
    async token(subject, { expiresInS } = {}) {
      const jwt = new SignJWT({ sub: subject }).setProtectedHeader({ alg: 'HS256' }).setIssuedAt()
      if (expiresInS !== undefined) jwt.setExpirationTime(Math.floor(Date.now() / 1000) + expiresInS)
      return jwt.sign(new TextEncoder().encode(SECRET))
    },
    [Symbol.asyncDispose]: () => server.stop({ graceMs: 500 }),
  }
}

const TYPES = /* GraphQL */ `
  "Takes nothing."
  scalar Picky
  enum Color {
    RED
    GREEN
  }
  type Nested {
    name: String!
    nested: Nested
    broken: String
  }
  type Query {
    whoami: String!
    echo(text: String, number: Int, color: Color, picky: Picky): String
    nested: Nested
    big(bytes: Int!): String!
    slow(text: String!, afterMs: Int!): String!
    fail(how: String!): String
    failHard(how: String!): String!
  }
  type Mutation {
    note(text: String!): Int!
    sendMessage(text: String!): Int!
    renew(token: String!): String!
  }
  type Subscription {
    count(to: Int!): Int!
    "Begins once its number of milliseconds has passed."
    observed(afterMs: Int): String!
    failing(how: String!): Int!
    hangUp: Int!
    colored(color: Color): Int!
  }
`

type TestContext = Readonly<{ caller: Caller }>

const SECRET_TEXT = 'password=hunter2'

function failure(how: string): unknown {
  switch (how) {
    case 'forbidden':
      return new ParleyError('FORBIDDEN', 'You may not.')
    case 'unavailable':
      return new ParleyError('UNAVAILABLE', 'Try again.', { retryAfterMs: 1_500 })
    case 'string':
      return SECRET_TEXT
    default:
      return new Error(SECRET_TEXT)
  }
}

/** Rejects with unusual errors. */
async function fail(how: string): Promise<never> {
  throw failure(how)
}

const Picky = new GraphQLScalarType({
  name: 'Picky',
  parseValue: () => {
    throw new Error('Not this one.')
  },
})

async function* counting(to: number): AsyncGenerator<{ count: number }> {
  for (let count = 1; count <= to; count++) yield { count }
}

async function* failingAfterOne(how: string): AsyncGenerator<{ failing: number }> {
  yield { failing: 1 }
  throw failure(how)
}

function createTestSchema(streams: ObservedStream[], notes: string[]): ReturnType<typeof createSchema> {
  const shared = fail('error')
  shared.catch(() => undefined)
  const whoami = ({ caller }: TestContext): string => caller.session?.viewer.userId ?? 'anonymous'
  return createSchema({
    typeDefs: TYPES,
    resolvers: {
      Picky,
      Query: {
        whoami: (_root: unknown, _args: unknown, context: TestContext) => whoami(context),
        echo: (_root: unknown, args: { text?: string }) => args.text ?? null,
        nested: () => ({ name: 'outer', nested: { name: 'inner' } }),
        big: (_root: unknown, { bytes }: { bytes: number }) => 'x'.repeat(bytes),
        slow: (_root: unknown, { text, afterMs }: { text: string; afterMs: number }) => pause(afterMs, text),
        fail: (_root: unknown, { how }: { how: string }) => fail(how),
        failHard: (_root: unknown, { how }: { how: string }) => fail(how),
      },
      // One failure for several fields, as with a loader.
      Nested: { broken: () => shared },
      Mutation: {
        note: (_root: unknown, { text }: { text: string }) => notes.push(text),
        sendMessage: (_root: unknown, { text }: { text: string }) => notes.push(text),
        renew: async (_root: unknown, { token }: { token: string }, { caller }: TestContext) => {
          await caller.session?.renew?.(token)
          return caller.session?.expiresAt?.toISOString() ?? 'never'
        },
      },
      Subscription: {
        count: { subscribe: (_root: unknown, { to }: { to: number }) => counting(to) },
        observed: {
          subscribe: async (_root: unknown, { afterMs = 0 }: { afterMs?: number }, context: TestContext) => {
            await pause(afterMs)
            const stream = new ObservedStream(whoami(context))
            streams.push(stream)
            return stream
          },
        },
        failing: {
          subscribe: async (_root: unknown, { how }: { how: string }) => {
            if (how === 'at once later') await pause(100)
            if (how.startsWith('at once ')) throw failure(how.slice('at once '.length))
            return failingAfterOne(how)
          },
        },
        hangUp: {
          subscribe: (_root: unknown, _args: unknown, { caller }: TestContext) => {
            caller.connection?.close(4410, 'Too slow; reconnect to catch up')
            return counting(1)
          },
        },
      },
    },
  })
}
