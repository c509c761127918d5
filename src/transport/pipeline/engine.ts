import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql'
import type { Caller } from './caller.ts'

/** A result, or a stream of them. */
export type Outcome = ExecutionResult | AsyncGenerator<ExecutionResult, void, void>

/** What came with an operation besides its document, as Yoga has it for those over HTTP. */
type OperationParams = Readonly<{ extensions?: Readonly<Record<string, unknown>> | null | undefined }>

/** What every operation goes through, whichever way it came: Yoga with all that is plugged in, without its HTTP. */
export type Engine = Readonly<{
  schema: GraphQLSchema
  /** Throws a GraphQLError for text that is no document, or exceeds a limit. */
  parse(text: string): DocumentNode
  /** The client's errors; none: the document is valid. */
  validate(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[]
  /** Makes the context of one operation. */
  contextFactory(more: Readonly<{ caller: Caller; params?: OperationParams }>): Promise<object> | object
  execute(args: ExecutionArgs): Promise<Outcome> | Outcome
  subscribe(args: ExecutionArgs): Promise<Outcome> | Outcome
}>
