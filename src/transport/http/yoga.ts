import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { YogaServerInstance } from 'graphql-yoga'
import { bearer } from '../../auth/tokens.ts'
import type { Authenticator } from '../../auth/session.ts'
import type { Config } from '../../config/config.ts'
import { toClientError } from '../../api/masking.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ConcurrencyLimit } from '../../quotas/concurrency-limit.ts'
import type { LiveLimits } from '../../quotas/live-limits.ts'
import type { ViewerMarks } from '../../store/replicas/viewer-marks.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { useEventRetry } from '../pipeline/event-retry.ts'
import type { Caller, ContextFactory } from '../pipeline/caller.ts'
import type { DocumentBudget } from '../../quotas/document-budget.ts'
import type { RefusalBudget } from '../../quotas/refusal-budget.ts'
import type { ChargeAnswer } from '../pipeline/answer-size.ts'
import { useDocumentBudget } from '../pipeline/document-budget-plugin.ts'
import { createDocumentCache, type DocumentCache } from '../pipeline/document-cache.ts'
import { createExecution, useExecution } from '../pipeline/execution.ts'
import { useDocumentRules } from '../pipeline/document-rules.ts'
import {
  createPersistedQueries,
  type PersistedQueries,
  usePersistedQueries,
} from '../pipeline/persisted-queries.ts'
import type { Engine, Execute, OperationParams } from '../pipeline/engine.ts'
import { nameOf } from '../pipeline/payer.ts'
import { createTrustedDocuments, type TrustedDocuments } from '../pipeline/trusted-documents.ts'
import { createSubscribe, type Subscribe } from '../pipeline/subscribe.ts'
import { createClientAddress } from './client-address.ts'
import { createBaseUrl } from './base-url.ts'
import { useCompression } from './compression.ts'
import { useHttpParams } from './params.ts'
import { keyOf, Senders } from './senders.ts'
import { MAX_BODY_BYTES } from './request-body.ts'
import { useHttpStatus } from './status.ts'
import { createHttpStreams, type HttpStreams } from './streams.ts'

/** The path of the API, for all transports. */
export const GRAPHQL_PATH = '/graphql'

/** GraphQL over HTTP, and the engine that also runs the operations of WebSockets. */
export type YogaHandler = Readonly<{
  /** Handles a GET or POST to the path of the API. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /**
   * Creates the engine for one operation. Each needs its own, because the context is built in it. The payer is charged
   * for parsing and validation; without one, all share a budget.
   */
  engine(payer?: string): Engine
  schema: GraphQLSchema
  /**
   * Returns the valid document with this text, or what is wrong with it. Throws a GraphQLError if the text is not a
   * document or exceeds a limit. Documents in use are found in a cache, without an engine.
   */
  documentFor(text: string, payer: Readonly<{ payer: string }>): DocumentNode | readonly GraphQLError[]
  /** Creates the context of one operation of a WebSocket. */
  contextFor(caller: Caller, params?: OperationParams): object
  /** Executes the queries and mutations of WebSockets. */
  execute: Execute
  /** Starts the subscriptions of WebSockets. */
  subscribe: Subscribe
  /** The documents that clients name by their hash, over both transports. */
  persistedQueries: PersistedQueries
  /** Knows the tokens that were valid over HTTP. */
  senders: Senders
  /** Ends the subscriptions over HTTP in waves, with an error after which clients subscribe again. */
  closeStreams: HttpStreams['closeInWaves']
}>

/** Answers a browser that opens the address of the API. */
export type BrowserPage = Readonly<{
  serve(request: IncomingMessage, response: ServerResponse): Promise<void> | void
}>

type Dependencies = Readonly<{
  schema: GraphQLSchema
  context: ContextFactory
  authenticator: Authenticator
  config: Pick<Config, 'mode'> & Readonly<{ http: Pick<Config['http'], 'trustedProxies' | 'publicUrl'> }>
  clock: Clock
  logger: Logger
  /** Whether clients may read the schema and get suggestions, over both transports. Default: in development only. */
  introspection?: boolean
  /** If set, no other documents are accepted. */
  trustedDocuments?: TrustedDocuments | undefined
  /** Answers browsers. Undefined if they get no page. */
  page?: BrowserPage | undefined
  concurrencyLimit: ConcurrencyLimit
  liveLimits: LiveLimits
  documentBudget: DocumentBudget
  /** Undefined for trusted clients. */
  refusals?: Pick<RefusalBudget, 'charge'>
  /** Default: answers cost nothing besides what was admitted. */
  chargeAnswer?: ChargeAnswer
  /** How often something is written to silent subscriptions over HTTP, in milliseconds. Default: ten seconds. */
  heartbeatMs?: number
  /** Wraps the execution with its deadline. Default: nothing does. */
  wrapExecution?: (run: Execute) => Execute
  /** How far each viewer's reads have to reach; undefined if all reads go to the primary. */
  marks?: ViewerMarks | undefined
}>

/** The initial context. WebSocket operations put their caller into it. */
type ServerContext = { caller?: Caller; payer?: string; req?: IncomingMessage }

export function createYogaHandler({ page, ...dependencies }: Dependencies): YogaHandler {
  const streams = createHttpStreams(dependencies)
  const { trustedDocuments } = dependencies
  const persistedQueries =
    trustedDocuments === undefined ? createPersistedQueries() : createTrustedDocuments(trustedDocuments)
  const { schema, context, concurrencyLimit, logger, marks, chargeAnswer, wrapExecution: wrap } = dependencies
  const documents = createDocumentCache()
  const senders = new Senders(
    createClientAddress(dependencies.config.http.trustedProxies),
    dependencies.authenticator,
  )
  const hideSuggestions = !hasIntrospection(dependencies)
  const execute = createExecution({ hideSuggestions, concurrencyLimit, chargeAnswer, marks, wrap, logger })
  const yoga = buildYoga(dependencies, { streams, persistedQueries, documents, senders, execute })
  const engine = (payer?: string): Engine => yoga.getEnveloped(payer === undefined ? {} : { payer })
  return {
    schema,
    persistedQueries,
    senders,
    execute,
    subscribe: createSubscribe({ hideSuggestions, logger }),
    engine,
    documentFor(text, payer) {
      const known = documents.get(text)
      if (known !== undefined) return known
      const { parse, validate } = engine(payer.payer)
      const document = parse(text)
      const errors = validate(schema, document)
      return errors.length === 0 ? document : errors
    },
    contextFor: (caller, params) => ({ params, caller, ...context(caller) }),
    async handle(request, response) {
      if (page !== undefined && isPageRequest(request)) await page.serve(request, response)
      else await yoga(request, response)
    },
    closeStreams: streams.closeInWaves,
  }
}

function hasIntrospection({ introspection, config }: Omit<Dependencies, 'page'>): boolean {
  return introspection ?? config.mode === 'development'
}

/** A browser loads the page. The request may have a query, because GraphiQL keeps its query in the address. */
function isPageRequest({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true
}

type Parts = Readonly<{
  streams: HttpStreams
  persistedQueries: PersistedQueries
  documents: DocumentCache
  senders: Senders
  execute: Execute
}>

function buildYoga(
  dependencies: Omit<Dependencies, 'page'>,
  { streams, persistedQueries, documents, senders, execute }: Parts,
): YogaServerInstance<ServerContext, object> {
  const { schema, context, config, logger } = dependencies
  const introspection = hasIntrospection(dependencies)
  const baseUrlOf = createBaseUrl(config.http)
  return createYoga<ServerContext, object>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    async context({ caller, request, req }) {
      const known = caller ?? (await httpCaller(request, senders, req && baseUrlOf(req)))
      return { caller: known, ...context(known) }
    },
    // Errors pass through toClientError, which logs each unexpected one once.
    logging: false,
    maskedErrors: { maskError: (error) => toClientError(error, logger), isDev: false },
    parserAndValidationCache: {
      documentCache: documents,
      errorCache: { get: noCache, set: noCache },
    },
    maxRequestBodySize: MAX_BODY_BYTES,
    extraParamNames: ['documentId'],
    plugins: [
      useHttpParams(),
      usePersistedQueries(persistedQueries),
      useDocumentBudget({
        budget: dependencies.documentBudget,
        cache: documents,
        refusals: dependencies.refusals,
        payerOf: (request) => nameOf({ userId: undefined, address: senders.of(request).address }),
        userOf: async (request) => (await senders.sessionOf(request))?.viewer.userId,
      }),
      useDocumentRules({ introspection }),
      useEventRetry(),
      streams.plugin,
      useExecution(execute),
      useHttpStatus(logger, (request) => dependencies.refusals?.charge(keyOf(senders.of(request)))),
      useCompression(),
    ],
    batching: false,
    multipart: false,
    cors: false,
    graphiql: false,
    landingPage: false,
  })
}

/** Errors of documents are not cached: they are cheap to find again, and any client could fill the cache. */
function noCache(): undefined {
  return undefined
}

async function httpCaller(
  request: Request,
  authenticator: Pick<Authenticator, 'authenticate'>,
  baseUrl: string | undefined,
): Promise<Caller> {
  const token = bearer(request.headers.get('authorization'))
  const receivedAt = performance.now()
  const session = token === undefined ? undefined : await authenticator.authenticate(token)
  const from = baseUrl === undefined ? {} : { baseUrl }
  return { transport: 'http', session, connection: undefined, receivedAt, ...from }
}
