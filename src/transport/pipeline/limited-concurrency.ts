import {
  type ExecutionArgs,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql'
import { tooLate } from '../../api/context.ts'
import { isBatchable } from '../../overload/operation-rules.ts'
import type { ConcurrencyLimit } from '../../quotas/concurrency-limit.ts'
import type { Caller } from './caller.ts'
import type { Execute } from './engine.ts'
import { isTooLate } from './execution-deadline.ts'

/**
 * Limits how many queries and mutations of one user run at once, over all of their connections. Mutations that are
 * batched into one statement are exempt. An operation whose turn comes after its deadline does not run.
 */
export function limitingConcurrency(run: Execute, limit: ConcurrencyLimit): Execute {
  return (args) => {
    const { caller } = args.contextValue as Readonly<{ caller: Caller }>
    const userId = caller.session?.viewer.userId
    if (userId === undefined || isBatched(args)) return run(args)
    return limit.run(userId, async () => {
      if (isTooLate(caller)) throw tooLate()
      return run(args)
    })
  }
}

function isBatched({ document, operationName }: Pick<ExecutionArgs, 'document' | 'operationName'>): boolean {
  const operation = getOperationAST(document, operationName)
  return operation?.operation === OperationTypeNode.MUTATION && isBatchedThroughout(operation)
}

function isBatchedThroughout({ selectionSet }: OperationDefinitionNode): boolean {
  return selectionSet.selections.every(
    (selection) => selection.kind === Kind.FIELD && isBatchable(`Mutation.${selection.name.value}`),
  )
}
