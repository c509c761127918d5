import { type ExecutionArgs, type ExecutionResult, getOperationAST, OperationTypeNode } from 'graphql'
import { withReadPosition } from '../../store/replicas/freshness.ts'
import { fromToken, toToken } from '../../store/replicas/position-token.ts'
import type { WalPosition } from '../../store/sql/server-state.ts'
import type { ViewerMarks } from '../../store/replicas/viewer-marks.ts'
import type { Caller } from './caller.ts'
import type { Execute } from './engine.ts'

type Extensions = Readonly<{ readAfter?: unknown }>
type FreshContext = Readonly<{ caller: Caller; params?: Readonly<{ extensions?: Extensions | null }> }>

/**
 * Decides how fresh the reads of each operation must be. A query may read from a replica that has replayed everything
 * that its viewer wrote and received. Mutations and events read from the primary. After a mutation, and before its
 * answer, the position that the viewer's later reads must reach is recorded.
 *
 * A client that sends `extensions: { readAfter: true }` gets this position in the response extension `readAfter`. It
 * may send the position instead of `true` from then on, for any user and through any gateway.
 */
export function readingFreshly(run: Execute, marks: ViewerMarks): Execute {
  return (args) => (isMutation(args) ? write(args, run, marks) : read(args, run, marks))
}

async function write(args: ExecutionArgs, run: Execute, marks: ViewerMarks): Promise<ExecutionResult> {
  const result = await run(args)
  const viewerId = viewerOf(args)
  const position = viewerId === undefined ? undefined : await marks.recordWrite(viewerId)
  return withPosition(result, args, position)
}

async function read(args: ExecutionArgs, run: Execute, marks: ViewerMarks): Promise<ExecutionResult> {
  const viewerId = viewerOf(args)
  if (viewerId === undefined) return run(args)
  const requested = tokenOf(args)
  const after = async (): Promise<WalPosition | undefined> => {
    const required = await marks.requiredPosition(viewerId)
    return required === undefined ? undefined : Math.max(required, requested ?? 0)
  }
  const result = await withReadPosition(after, () => run(args))
  return withPosition(result, args, isPositionRequested(args) ? await after() : undefined)
}

function withPosition(
  result: ExecutionResult,
  args: ExecutionArgs,
  position: WalPosition | undefined,
): ExecutionResult {
  if (position === undefined || !isPositionRequested(args)) return result
  return { ...result, extensions: { ...result.extensions, readAfter: toToken(position) } }
}

function isMutation({ document, operationName }: ExecutionArgs): boolean {
  return getOperationAST(document, operationName)?.operation === OperationTypeNode.MUTATION
}

function contextOf({ contextValue }: ExecutionArgs): FreshContext {
  return contextValue as FreshContext
}

function viewerOf(args: ExecutionArgs): string | undefined {
  return contextOf(args).caller.session?.viewer.userId
}

function isPositionRequested(args: ExecutionArgs): boolean {
  return contextOf(args).params?.extensions?.readAfter !== undefined
}

function tokenOf(args: ExecutionArgs): WalPosition | undefined {
  const token = contextOf(args).params?.extensions?.readAfter
  return typeof token === 'string' ? fromToken(token) : undefined
}
