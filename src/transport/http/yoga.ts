import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { YogaServerInstance } from 'graphql-yoga'
import { bearer } from '../../auth/bearer.ts'
import type { Authenticator } from '../../auth/session.ts'
import type { Config } from '../../config/config.ts'
import { toClientError } from '../../api/masking.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ConcurrencyLimit } from '../../quotas/concurrency-limit.ts'
import type { ViewerMarks } from '../../store/replicas/viewer-marks.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { useReadFreshness } from '../pipeline/read-freshness.ts'
import { useEventRetry } from '../pipeline/event-retry.ts'
import type { Caller, ContextFactory } from '../pipeline/caller.ts'
import { createDocumentCache } from '../pipeline/document-cache.ts'
import { useExecutionDeadline } from '../pipeline/execution-deadline.ts'
import { useDocumentRules } from '../pipeline/document-rules.ts'
import type { Engine } from '../pipeline/engine.ts'
import type { Graphiql } from './graphiql.ts'
import { useHttpParams } from './params.ts'
import { useConcurrencyLimit } from '../pipeline/concurrency-plugin.ts'
import { useHttpStatus } from './status.ts'
import { createHttpStreams, type HttpStreams } from './streams.ts'

/** The one path of the API, for every transport. */
export const GRAPHQL_PATH = '/graphql'

const MAX_BODY_BYTES = 256 * 1024

/** GraphQL over HTTP, and the engine that WebSocket operations run in as well. */
export type YogaHandler = Readonly<{
  /** Answers a GET or POST to the path of the API. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** A new one for each operation: a context is built in it. */
  engine(): Engine
  /** Ends the subscriptions over HTTP, wave by wave, with an error on which clients come back. */
  closeStreams: HttpStreams['closeInWaves']
}>

type Dependencies = Readonly<{
  schema: GraphQLSchema
  context: ContextFactory
  authenticator: Authenticator
  config: Pick<Config, 'mode'>
  clock: Clock
  logger: Logger
  /** Whether clients may read the schema and are given suggestions, over both transports. Default: in development. */
  introspection?: boolean
  /** Undefined: browsers that come by get no page. */
  graphiql?: Graphiql | undefined
  turns: ConcurrencyLimit
  /** How far each person's reads have to reach; undefined: all of them are made on the primary. */
  marks?: ViewerMarks | undefined
}>

/** What Yoga's plugins find in a context besides their own: the caller, of a WebSocket operation. */
type ServerContext = { caller?: Caller }

export function createYogaHandler({ graphiql, ...dependencies }: Dependencies): YogaHandler {
  const streams = createHttpStreams(dependencies)
  const yoga = buildYoga(dependencies, streams)
  return {
    engine: (): Engine => yoga.getEnveloped({}),
    async handle(request, response) {
      if (graphiql !== undefined && isForPage(request)) await graphiql.serve(request, response)
      else await yoga(request, response)
    },
    closeStreams: streams.closeInWaves,
  }
}

/** A person in a browser. GraphiQL keeps its query in the address, so that one makes no difference. */
function isForPage({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true
}

function buildYoga(
  dependencies: Omit<Dependencies, 'graphiql'>,
  streams: HttpStreams,
): YogaServerInstance<ServerContext, object> {
  const { schema, context, authenticator, config, logger, turns, marks } = dependencies
  const { introspection = config.mode === 'development' } = dependencies
  return createYoga<ServerContext, object>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    async context({ caller, request }) {
      const known = caller ?? (await httpCaller(request, authenticator))
      return { caller: known, ...(await context(known)) }
    },
    // What Yoga would log has passed through toClientError, which logs once and knows what is worth it.
    logging: false,
    maskedErrors: { maskError: (error) => toClientError(error, logger), isDev: false },
    parserAndValidationCache: {
      documentCache: createDocumentCache(),
      errorCache: { get: nothing, set: nothing },
    },
    maxRequestBodySize: MAX_BODY_BYTES,
    plugins: [
      useHttpParams(),
      useDocumentRules({ introspection }),
      useEventRetry(),
      streams.plugin,
      useConcurrencyLimit(turns),
      // Around the turns, which may be long in coming.
      useExecutionDeadline(logger),
      // Around the deadline, which does not hand on what others make of an execution.
      ...(marks === undefined ? [] : [useReadFreshness(marks)]),
      useHttpStatus(logger),
    ],
    batching: false,
    multipart: false,
    cors: false,
    graphiql: false,
    landingPage: false,
  })
}

/** Errors of documents are cheap to find again, and anybody could fill a cache with them. */
function nothing(): undefined {
  return undefined
}

async function httpCaller(request: Request, authenticator: Authenticator): Promise<Caller> {
  const token = bearer(request.headers.get('authorization'))
  const askedAt = performance.now()
  const session = token === undefined ? undefined : await authenticator.authenticate(token)
  return { transport: 'http', session, connection: undefined, askedAt }
}
