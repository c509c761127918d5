import {
  type execute,
  type ExecutionArgs,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { isBatchable } from '../../overload/operation-rules.ts'
import type { ConcurrencyLimit } from '../../quotas/concurrency-limit.ts'
import type { Caller } from './caller.ts'
import { tooLate } from '../../api/context.ts'
import { isTooLate } from './execution-deadline.ts'

type Execute = (args: ExecutionArgs) => ReturnType<typeof execute>

/**
 * Limits how many queries and mutations of one user run at once, over all of their connections. Mutations that are
 * batched into one statement are exempt. An operation whose turn comes after its deadline does not run.
 */
export function useConcurrencyLimit(limit: ConcurrencyLimit): Plugin<{ caller?: Caller }> {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const { caller } = args.contextValue as Readonly<{ caller: Caller }>
      const userId = caller.session?.viewer.userId
      if (userId === undefined || isBatched(args)) return
      const run = executeFn as Execute
      setExecuteFn((given: ExecutionArgs) =>
        limit.run(userId, async () => {
          if (isTooLate(caller)) throw tooLate()
          return run(given)
        }),
      )
    },
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
