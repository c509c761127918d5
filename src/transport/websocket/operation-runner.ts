import {
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  type GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql'
import { ResultTexts } from '../../api/list-texts/result-texts.ts'
import { NO_OPERATION, toClientError } from '../../api/masking.ts'
import { SinkStream } from '../../delivery/sink-stream.ts'
import { badInput } from '../../errors.ts'
import type { UserId } from '../../ids.ts'
import type { OperationAdmission } from '../../overload/operation-admission.ts'
import type { LiveLimits } from '../../quotas/live-limits.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { startHop } from '../../telemetry/tracing.ts'
import type { YogaHandler } from '../http/yoga.ts'
import { MAX_ANSWER_CHARS } from '../pipeline/answer-size.ts'
import type { Caller } from '../pipeline/caller.ts'
import type { Outcome } from '../pipeline/engine.ts'
import type { EventPayloads } from '../pipeline/event-payloads.ts'
import type { SocketConnection } from './connection.ts'
import { authorizationIn } from './connection-token.ts'
import type { Intake } from '../pipeline/intake.ts'
import { LiveArgs } from './live-args.ts'
import { SocketSink } from './live-sink.ts'
import { completeMessage, errorMessage, nextMessage, type OperationRequest } from './messages.ts'
import type { Operation } from './operations.ts'

/** Runs the operations of all connections. */
export type OperationRunner = Readonly<{
  /** Resolves when the work of the operation is done. Rejects if the gateway has a fault. */
  run(connection: SocketConnection, operation: Operation, request: OperationRequest): Promise<void>
}>

export type OperationRunnerDependencies = Readonly<{
  yoga: Pick<
    YogaHandler,
    'schema' | 'documentFor' | 'contextFor' | 'execute' | 'subscribe' | 'persistedQueries'
  >
  operationAdmission: Pick<OperationAdmission, 'throttleSend'>
  payloads: EventPayloads
  intake: Pick<Intake, 'recordRejection' | 'recordStart'>
  liveLimits: LiveLimits
  logger: Logger
}>

type Results = AsyncGenerator<ExecutionResult, void, void>

/** An operation that can be executed. */
type Prepared = Readonly<{ type: OperationTypeNode; args: ExecutionArgs; texts: ResultTexts | undefined }>

/** The outcome of an operation, or the errors if it was rejected. Its result may have texts. */
type Answer = Readonly<{ outcome: Outcome | readonly GraphQLError[]; texts?: ResultTexts | undefined }>

/**
 * An operation is prepared, executed and answered. The cheap checks come first: an invalid document costs no request to
 * the identity provider or the database.
 */
export function createOperationRunner(dependencies: OperationRunnerDependencies): OperationRunner {
  const { yoga, operationAdmission, payloads, intake, liveLimits, logger } = dependencies

  async function run(
    connection: SocketConnection,
    operation: Operation,
    request: OperationRequest,
  ): Promise<void> {
    const { outcome, texts } = await answerTo(connection, operation, request)
    if (outcome instanceof SinkStream) await startLive(connection, operation, outcome)
    else await deliver(connection, operation, outcome, texts)
  }

  async function answerTo(
    connection: SocketConnection,
    operation: Operation,
    request: OperationRequest,
  ): Promise<Answer> {
    try {
      const prepared = await prepare(connection, operation, request)
      if (!('args' in prepared)) return { outcome: prepared }
      return { outcome: await execute(prepared), texts: prepared.texts }
    } catch (error) {
      return { outcome: [toClientError(error, logger)] }
    }
  }

  /** Returns the errors of an invalid document. Rejects if the operation may not run for another reason. */
  async function prepare(
    connection: SocketConnection,
    operation: Operation,
    request: OperationRequest,
  ): Promise<Prepared | readonly GraphQLError[]> {
    const { queuedMs, backlogMs } = connection.unread
    const receivedAt = performance.now()
    const query = yoga.persistedQueries.documentOf(request)
    if (query === undefined) throw badInput(NO_DOCUMENT)
    const parsed = startHop('parse')
    const document = yoga.documentFor(query, connection)
    parsed()
    if (!('kind' in document)) return document
    // Some clients send an empty name if there is none.
    const definition = getOperationAST(
      document,
      request.operationName === '' ? undefined : request.operationName,
    )
    if (!definition) throw badInput(NO_OPERATION)
    const admitted = startHop('admit')
    const sessionUse = await connection.sessions.use(authorizationIn(request.extensions?.['headers']))
    operation.attachSession(sessionUse)
    const { session } = sessionUse
    if (session !== undefined)
      admit(connection, operation, { definition, userId: session.viewer.userId, backlogMs })
    intake.recordStart(queuedMs)
    // The context of a subscription serves many executions.
    const isLive = definition.operation === OperationTypeNode.SUBSCRIPTION
    const texts = isLive ? undefined : new ResultTexts(MAX_ANSWER_CHARS)
    const caller: Caller = {
      transport: 'websocket',
      session,
      connection,
      receivedAt,
      baseUrl: connection.baseUrl,
      openLiveSink: () =>
        new SocketSink({
          args: new LiveArgs(yoga, named, { session, connection }),
          clientId: operation.id,
          outbox: connection.outbox,
          payloads,
        }),
      texts,
    }
    const named = { document, operationName: definition.name?.value, variableValues: request.variables }
    const args = { schema: yoga.schema, ...named, contextValue: yoga.contextFor(caller, request) }
    admitted()
    return { type: definition.operation, args, texts }
  }

  type Admission = Readonly<{ definition: OperationDefinitionNode; userId: UserId; backlogMs: number }>

  /** Throws RATE_LIMITED if the user has too many live subscriptions, or may not send now. */
  function admit(
    connection: SocketConnection,
    operation: Operation,
    { definition, userId, backlogMs }: Admission,
  ): void {
    if (onlySends(definition)) throttleSend(connection, userId, backlogMs)
    if (definition.operation === OperationTypeNode.SUBSCRIPTION)
      operation.attachLive(liveLimits.take(userId, 'subscription'))
  }

  /** Throws RATE_LIMITED if the gateway is overloaded with sends and this viewer is one of the heaviest senders. */
  function throttleSend(connection: SocketConnection, viewerId: UserId, backlogMs: number): void {
    try {
      operationAdmission.throttleSend(viewerId, backlogMs)
    } catch (error) {
      intake.recordRejection(connection.unread)
      throw error
    }
  }

  async function execute({ type, args }: Prepared): Promise<Outcome> {
    const executed = startHop('execute')
    try {
      return await (type === OperationTypeNode.SUBSCRIPTION ? yoga.subscribe(args) : yoga.execute(args))
    } catch (error) {
      return { errors: [toClientError(error, logger)] }
    } finally {
      executed()
    }
  }

  async function deliver(
    connection: SocketConnection,
    operation: Operation,
    outcome: Exclude<Outcome, SinkStream> | readonly GraphQLError[],
    texts: ResultTexts | undefined,
  ): Promise<void> {
    try {
      if (isErrors(outcome)) sendErrors(connection, operation, outcome)
      else if (isStream(outcome)) await sendAll(connection, operation, outcome)
      else sendResult(connection, operation, outcome, texts)
    } catch (error) {
      sendErrors(connection, operation, [error])
    } finally {
      connection.operations.end(operation)
    }
  }

  /** The stream writes to the connection by itself, for as long as the operation runs. Nothing waits for its end. */
  async function startLive(
    connection: SocketConnection,
    operation: Operation,
    live: SinkStream,
  ): Promise<void> {
    await operation.attachStream(live)
    live.start((error) => {
      if (error !== undefined) sendErrors(connection, operation, [error])
      else if (operation.isWanted) void connection.send(completeMessage(operation.id))
      connection.operations.end(operation)
    })
  }

  function sendResult(
    connection: SocketConnection,
    { id, isWanted }: Operation,
    result: ExecutionResult,
    texts: ResultTexts | undefined,
  ): void {
    if (!isWanted) return
    void connection.send(nextMessage(id, result, texts))
    void connection.send(completeMessage(id))
  }

  /** Asks for each result when the one before was sent. */
  async function sendAll(
    connection: SocketConnection,
    operation: Operation,
    results: Results,
  ): Promise<void> {
    await operation.attachStream(results)
    for await (const result of results) {
      if (operation.isWanted) await connection.send(nextMessage(operation.id, result))
    }
    if (operation.isWanted) void connection.send(completeMessage(operation.id))
  }

  function sendErrors(
    connection: SocketConnection,
    { id, isWanted }: Operation,
    errors: readonly unknown[],
  ): void {
    if (!isWanted) return
    const shown = errors.map((error) => toClientError(error, logger))
    void connection.send(errorMessage(id, shown))
  }

  return { run }
}

function isErrors(outcome: Outcome | readonly GraphQLError[]): outcome is readonly GraphQLError[] {
  return Array.isArray(outcome)
}

function isStream(outcome: Outcome): outcome is Results {
  return Symbol.asyncIterator in outcome
}

/** Returns whether the operation does nothing but send messages, so that it can be throttled as a whole. */
function onlySends({ selectionSet }: OperationDefinitionNode): boolean {
  return selectionSet.selections.every(
    (selection) => selection.kind === Kind.FIELD && selection.name.value === 'sendMessage',
  )
}

const NO_DOCUMENT = 'The operation has no document. Send it as text in "query".'
