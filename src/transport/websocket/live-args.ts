import type { DocumentNode, ExecutionArgs, GraphQLSchema } from 'graphql'
import type { Session } from '../../auth/session.ts'
import type { YogaHandler } from '../http/yoga.ts'
import type { SocketConnection } from './connection.ts'

type Operation = Readonly<{
  document: DocumentNode
  operationName: string | undefined
  variableValues: ExecutionArgs['variableValues']
}>

type Viewer = Readonly<{ session: Session | undefined; connection: SocketConnection }>

/**
 * The arguments with which the events of a subscription are executed. A subscription may stay open for days, so it
 * keeps no context: each event that is executed for it alone gets a new one.
 */
export class LiveArgs implements ExecutionArgs {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  readonly operationName: string | undefined
  readonly variableValues: ExecutionArgs['variableValues']
  readonly #yoga: Pick<YogaHandler, 'contextFor'>
  readonly #session: Session | undefined
  readonly #connection: SocketConnection

  constructor(
    yoga: Pick<YogaHandler, 'schema' | 'contextFor'>,
    { document, operationName, variableValues }: Operation,
    { session, connection }: Viewer,
  ) {
    this.schema = yoga.schema
    this.document = document
    this.operationName = operationName
    this.variableValues = variableValues
    this.#yoga = yoga
    this.#session = session
    this.#connection = connection
  }

  get contextValue(): object {
    return this.#yoga.contextFor({
      transport: 'websocket',
      session: this.#session,
      connection: this.#connection,
      receivedAt: performance.now(),
      baseUrl: this.#connection.baseUrl,
    })
  }
}
