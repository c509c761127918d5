import { getOperationAST } from 'graphql'
import { type ExecutionArgs, type GraphQLError, Kind, type OperationDefinitionNode } from 'graphql'
import { makeServer } from 'graphql-ws'
import type { Server, SubscribePayload } from 'graphql-ws'
import { bearer } from '../../auth/bearer.ts'
import { ParleyError, badInput } from '../../errors.ts'
import { clientError, toClientError } from '../../api/masking.ts'
import type { OperationAdmission } from '../../overload/operation-admission.ts'
import type { UserId } from '../../ids.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Caller } from '../pipeline/caller.ts'
import { type ConnectionAdmission, ConnectionRejectedError } from './connection-admission.ts'
import { CLOSE_CODES } from './close-codes.ts'
import type { Engine, Outcome } from '../pipeline/engine.ts'
import type { Intake } from './intake.ts'
import { type SocketConnection, SocketClosedError } from './connection.ts'
import type { SocketLimits } from './limits.ts'
import type { YogaHandler } from '../http/yoga.ts'

type Dependencies = Readonly<{
  yoga: Pick<YogaHandler, 'engine'>
  admission: ConnectionAdmission
  sends: Pick<OperationAdmission, 'throttleSend'>
  intake: Pick<Intake, 'recordRejection' | 'recordStart'>
  limits: SocketLimits
  logger: Logger
}>

/**
 * The graphql-transport-ws protocol over the same engine that serves HTTP. Whatever is wrong with an operation is that
 * operation's error: clients give up on a connection that is closed over a syntax error, with all that is on it.
 */
export function createSocketProtocol({
  yoga,
  admission,
  sends,
  intake,
  limits,
  logger,
}: Dependencies): Server<SocketConnection> {
  const { execute, subscribe } = yoga.engine()

  async function isAdmitted(connection: SocketConnection, params: unknown): Promise<boolean> {
    try {
      const token = authorizationIn(params)
      if (token !== undefined) await admission.admit(() => connection.sessions.open(token))
      return true
    } catch (error) {
      turnAway(connection, error)
      return false
    }
  }

  /** Clients come back from both codes; a token that is not valid is graphql-ws's own matter. */
  function turnAway(connection: SocketConnection, error: unknown): void {
    const { OVERLOADED, CROWDED } = CLOSE_CODES
    if (error instanceof ConnectionRejectedError) {
      return connection.close(CROWDED.code, CROWDED.reason.replace('<n>', `${error.retryAfterMs}`))
    }
    const { code } = toClientError(error, logger).extensions
    if (code !== 'UNAUTHENTICATED') connection.close(OVERLOADED.code, OVERLOADED.reason)
  }

  async function begin(connection: SocketConnection, message: SubscribePayload): Promise<Begun> {
    if (connection.operations.count >= limits.maxOperations)
      return [clientError(tooMany(limits.maxOperations))]
    connection.operations.begin(message)
    try {
      return await prepare(connection, message)
    } catch (error) {
      connection.operations.end(message)
      return [toClientError(error, logger)]
    }
  }

  /** Nothing is asked of the identity provider or the database for a document that is not valid. */
  async function prepare(connection: SocketConnection, message: SubscribePayload): Promise<Begun> {
    const { queuedMs: readAfterMs, backlogMs } = connection
    const askedAt = performance.now()
    const { schema, parse, validate, contextFactory } = yoga.engine()
    const document = parse(message.query)
    const [invalid, ...more] = validate(schema, document)
    if (invalid !== undefined) return end(connection, message, [invalid, ...more])
    const operation = getOperationAST(document, message.operationName)
    if (!operation) throw badInput(NO_OPERATION)
    const lease = await connection.sessions.use(authorizationIn(message.extensions?.['headers']))
    connection.operations.attachSession(message, lease)
    const viewer = lease.session?.viewer
    if (viewer !== undefined && onlySends(operation)) holdBack(connection, viewer.userId, backlogMs)
    intake.recordStart(readAfterMs)
    const caller: Caller = { transport: 'websocket', session: lease.session, connection, askedAt }
    return {
      schema,
      document,
      operationName: message.operationName,
      variableValues: message.variables,
      contextValue: await contextFactory({ caller, params: { extensions: message.extensions } }),
    }
  }

  /** Throws RATE_LIMITED where more is sent than can be carried, and this is of the part that can't be. */
  function holdBack(connection: SocketConnection, viewerId: UserId, backlogMs: number): void {
    try {
      sends.throttleSend(viewerId, backlogMs)
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
    try {
      return await step(args)
    } catch (error) {
      return { errors: [toClientError(error, logger)] }
    }
  }

  return makeServer<Record<string, unknown>, SocketConnection>({
    connectionInitWaitTimeout: limits.initTimeoutMs,
    onConnect: ({ extra, connectionParams }) => isAdmitted(extra, connectionParams),
    onSubscribe: ({ extra }, _id, message) => begin(extra, message),
    execute: (args) => run(execute, args),
    subscribe: (args) => run(subscribe, args),
    onOperation: ({ extra }, _id, message, _args, result) => extra.operations.attachStream(message, result),
    onError: (_context, _id, _message, errors) =>
      errors.map((error) => (isNobodysMistake(error) ? error : toClientError(error, logger)).toJSON()),
    onComplete: ({ extra }, _id, message) => extra.operations.end(message),
  })
}

/** The stream of a reader who has gone ends in this; there is nobody to tell, and nothing to mend. */
function isNobodysMistake({ originalError }: GraphQLError): boolean {
  return originalError instanceof SocketClosedError
}

/** Whether refusing to send is refusing all of it. */
function onlySends({ selectionSet }: OperationDefinitionNode): boolean {
  return selectionSet.selections.every(
    (selection) => selection.kind === Kind.FIELD && selection.name.value === 'sendMessage',
  )
}

const NO_OPERATION = 'The document has no such operation, or has several and the request names none.'

/** By then one of a hundred operations has usually been answered, unless all of them are subscriptions. Milliseconds. */
const FULL_RETRY_AFTER_MS = 1_000

type Begun = ExecutionArgs | readonly GraphQLError[]

function tooMany(max: number): ParleyError {
  return new ParleyError(
    'RATE_LIMITED',
    `This connection has ${max} operations under way. Complete one first.`,
    { retryAfterMs: FULL_RETRY_AFTER_MS },
  )
}

/** The token among headers that came as JSON, whatever the case of their names. */
function authorizationIn(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined
  const header = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')
  return bearer(header?.[1])
}
