import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql'
import type { SinkStream } from '../../delivery/sink-stream.ts'
import type { Caller } from './caller.ts'

/** A result, a stream of results, or a stream that writes its results to the connection by itself. */
export type Outcome = ExecutionResult | AsyncGenerator<ExecutionResult, void, void> | SinkStream

/** Executes a query or a mutation. */
export type Execute = (args: ExecutionArgs) => Promise<ExecutionResult>

/** The parameters of an operation besides its document, as Yoga names them. */
export type OperationParams = Readonly<{ extensions?: Readonly<Record<string, unknown>> | null | undefined }>

/** Runs the operations of both transports: Yoga with its plugins, without its HTTP part. */
export type Engine = Readonly<{
  schema: GraphQLSchema
  /** Throws a GraphQLError if the text is not a document or exceeds a limit. */
  parse(text: string): DocumentNode
  /** Returns the errors for the client. None means that the document is valid. */
  validate(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[]
  /** Creates the context of one operation. */
  contextFactory(more: Readonly<{ caller: Caller; params?: OperationParams }>): Promise<object> | object
  execute(args: ExecutionArgs): Promise<Outcome> | Outcome
  subscribe(args: ExecutionArgs): Promise<Outcome> | Outcome
}>
