import { getOperationAST } from 'graphql'
import {
  type ExecutionArgs,
  type GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql'
import { makeServer } from 'graphql-ws'
import type { Server, SubscribePayload } from 'graphql-ws'
import { ParleyError, badInput } from '../../errors.ts'
import { clientError, toClientError } from '../../api/masking.ts'
import type { OperationAdmission } from '../../overload/operation-admission.ts'
import type { UserId } from '../../ids.ts'
import type { LiveLimits } from '../../quotas/live-limits.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { startHop } from '../../telemetry/tracing.ts'
import type { Caller } from '../pipeline/caller.ts'
import { type ConnectionAdmission, ConnectionRejectedError } from './connection-admission.ts'
import { CLOSE_CODES } from './close-codes.ts'
import { authorizationIn, connectionToken } from './connection-token.ts'
import { withUniqueIds } from './operation-ids.ts'
import type { Engine, Outcome } from '../pipeline/engine.ts'
import type { EventPayloads } from '../pipeline/event-payloads.ts'
import { SocketSink } from './live-sink.ts'
import type { Intake } from './intake.ts'
import { type SocketConnection, SocketClosedError } from './connection.ts'
import type { SocketLimits } from './limits.ts'
import type { YogaHandler } from '../http/yoga.ts'

type Dependencies = Readonly<{
  yoga: Pick<YogaHandler, 'engine' | 'subscribe' | 'persistedQueries'>
  admission: ConnectionAdmission
  operationAdmission: Pick<OperationAdmission, 'throttleSend'>
  payloads: EventPayloads
  intake: Pick<Intake, 'recordRejection' | 'recordStart'>
  liveLimits: LiveLimits
  limits: SocketLimits
  logger: Logger
}>

/**
 * The graphql-transport-ws protocol, over the same engine that serves HTTP. An invalid operation gets an error of its
 * own. If the connection were closed for it, clients would give up all operations on that connection.
 */
export function createSocketProtocol({
  yoga,
  admission,
  operationAdmission,
  payloads,
  intake,
  liveLimits,
  limits,
  logger,
}: Dependencies): Server<SocketConnection> {
  const { execute } = yoga.engine()

  async function signIn(connection: SocketConnection, payload: unknown): Promise<boolean> {
    connection.recordInit()
    const found = connectionToken({ payload, header: connection.authorization })
    if (found.type === 'misplaced') {
      connection.close(CLOSE_CODES.TOKEN_MISPLACED.code, CLOSE_CODES.TOKEN_MISPLACED.reason)
      return false
    }
    try {
      if (found.type === 'token') await admission.admit(() => connection.sessions.open(found.token))
      return true
    } catch (error) {
      rejectConnection(connection, error)
      return false
    }
  }

  /** Clients reconnect after both codes. For an invalid token, graphql-ws closes the connection itself. */
  function rejectConnection(connection: SocketConnection, error: unknown): void {
    const { SIGN_IN_UNAVAILABLE, OVERLOADED, TOO_MANY_CONNECTIONS } = CLOSE_CODES
    if (error instanceof ConnectionRejectedError) {
      return connection.close(OVERLOADED.code, OVERLOADED.reason.replace('<n>', `${error.retryAfterMs}`))
    }
    const { code, retryAfterMs } = toClientError(error, logger).extensions
    if (code === 'RATE_LIMITED') {
      const reason = TOO_MANY_CONNECTIONS.reason.replace('<n>', String(retryAfterMs))
      return connection.close(TOO_MANY_CONNECTIONS.code, reason)
    }
    if (code !== 'UNAUTHENTICATED') connection.close(SIGN_IN_UNAVAILABLE.code, SIGN_IN_UNAVAILABLE.reason)
  }

  async function begin(
    connection: SocketConnection,
    id: string,
    message: SubscribePayload,
  ): Promise<Prepared> {
    if (connection.operations.count >= limits.maxOperations)
      return [clientError(tooManyOperations(limits.maxOperations))]
    connection.operations.begin(message)
    try {
      return await prepare(connection, id, message)
    } catch (error) {
      connection.operations.end(message)
      return [toClientError(error, logger)]
    }
  }

  /** An invalid document costs no request to the identity provider or the database. */
  async function prepare(
    connection: SocketConnection,
    id: string,
    message: SubscribePayload,
  ): Promise<Prepared> {
    const { queuedMs, backlogMs } = connection
    const receivedAt = performance.now()
    const { schema, parse, validate, contextFactory } = yoga.engine(connection.payer)
    const query = yoga.persistedQueries.documentOf(message)
    if (query === undefined) throw badInput(NO_DOCUMENT)
    const parsed = startHop('parse')
    const document = parse(query)
    // A subscription keeps its message. Subscriptions with equal documents then keep one text together.
    Object.assign(message, { query: document.loc?.source.body ?? query })
    // Some clients send an empty name if there is none.
    const operationName = message.operationName === '' ? undefined : message.operationName
    const [invalid, ...more] = validate(schema, document)
    parsed()
    if (invalid !== undefined) return end(connection, message, [invalid, ...more])
    const operation = getOperationAST(document, operationName)
    if (!operation) throw badInput(NO_OPERATION)
    const admitted = startHop('admit')
    const sessionUse = await connection.sessions.use(authorizationIn(message.extensions?.['headers']))
    connection.operations.attachSession(message, sessionUse)
    const viewer = sessionUse.session?.viewer
    if (viewer !== undefined && onlySends(operation)) throttleSend(connection, viewer.userId, backlogMs)
    if (viewer !== undefined && operation.operation === OperationTypeNode.SUBSCRIPTION)
      connection.operations.attachLive(message, liveLimits.take(viewer.userId, 'subscription'))
    intake.recordStart(queuedMs)
    const args = { schema, document, operationName, variableValues: message.variables }
    const caller: Caller = {
      transport: 'websocket',
      session: sessionUse.session,
      connection,
      receivedAt,
      baseUrl: connection.baseUrl,
      openLiveSink: () => {
        const clientId = connection.operationIds.clientIdOf(id) ?? id
        return new SocketSink({ args: prepared, clientId, outbox: connection.outbox, payloads })
      },
    }
    const contextValue = await contextFactory({ caller, params: { extensions: message.extensions } })
    admitted()
    const prepared = { ...args, contextValue }
    return prepared
  }

  /** Throws RATE_LIMITED if the gateway is overloaded with sends and this viewer is one of the heaviest senders. */
  function throttleSend(connection: SocketConnection, viewerId: UserId, backlogMs: number): void {
    try {
      operationAdmission.throttleSend(viewerId, backlogMs)
    } catch (error) {
      intake.recordRejection(connection)
      throw error
    }
  }

  function end(
    connection: SocketConnection,
    message: SubscribePayload,
    errors: readonly unknown[],
  ): GraphQLError[] {
    connection.operations.end(message)
    return errors.map((error) => toClientError(error, logger))
  }

  async function run(step: Engine['execute'], args: ExecutionArgs): Promise<Outcome> {
    const executed = startHop('execute')
    try {
      return await step(args)
    } catch (error) {
      return { errors: [toClientError(error, logger)] }
    } finally {
      executed()
    }
  }

  const server = makeServer<Record<string, unknown>, SocketConnection>({
    // The connection looks at the time itself: a timer for each would be kept for as long as the connection is.
    connectionInitWaitTimeout: 0,
    onConnect: ({ extra, connectionParams }) => signIn(extra, connectionParams),
    onSubscribe: ({ extra }, id, message) => begin(extra, id, message),
    execute: (args) => run(execute, args),
    subscribe: (args) => run(yoga.subscribe, args),
    onOperation: ({ extra }, _id, message, _args, result) => extra.operations.attachStream(message, result),
    onError: (_context, _id, _message, errors) =>
      errors.map((error) => (isSocketClosed(error) ? error : toClientError(error, logger)).toJSON()),
    onComplete: ({ extra }, _id, message) => extra.operations.end(message),
  })
  return withUniqueIds(server)
}

/** The stream of a client that has gone ends with this error. It is no failure. */
function isSocketClosed({ originalError }: GraphQLError): boolean {
  return originalError instanceof SocketClosedError
}

/** Returns whether the operation does nothing but send messages, so that it can be throttled as a whole. */
function onlySends({ selectionSet }: OperationDefinitionNode): boolean {
  return selectionSet.selections.every(
    (selection) => selection.kind === Kind.FIELD && selection.name.value === 'sendMessage',
  )
}

const NO_DOCUMENT = 'The operation has no document. Send it as text in "query".'

const NO_OPERATION =
  'The operation is missing or ambiguous. Name one operation of the document in operationName.'

/** By then one of a hundred operations has usually finished, unless all of them are subscriptions. */
const FULL_RETRY_AFTER_MS = 1_000

/** The arguments to execute, or the errors of an operation that is rejected. */
type Prepared = ExecutionArgs | readonly GraphQLError[]

function tooManyOperations(max: number): ParleyError {
  return new ParleyError(
    'RATE_LIMITED',
    `This connection runs ${max} operations, the most allowed. Complete one of them first.`,
    { retryAfterMs: FULL_RETRY_AFTER_MS },
  )
}
