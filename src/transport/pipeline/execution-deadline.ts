import type { execute, ExecutionArgs, ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { type Deadline, tooLate } from '../../api/context.ts'
import { toClientError } from '../../api/masking.ts'
import { withTimeout } from '../../lib/async.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Caller } from './caller.ts'

/** From the arrival of an operation to its answer, in milliseconds. Ten seconds are promised. */
const ANSWER_WITHIN_MS = 9_500

/**
 * Answers every query and mutation before the deadline. Parts that wait have shorter deadlines of their own, with
 * better errors. This one covers everything else. Work that has begun continues after the deadline. A client that sends
 * the operation again with the same keys gets the outcome of the first attempt.
 */
export function useExecutionDeadline(logger: Logger): Plugin<{ caller?: Caller }> {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      const run = executeFn as typeof execute
      setExecuteFn((args: ExecutionArgs) => executeInTime(run, args, logger))
    },
  }
}

async function executeInTime(
  run: typeof execute,
  args: ExecutionArgs,
  logger: Logger,
): Promise<ExecutionResult> {
  const { caller, deadline } = args.contextValue as Readonly<{ caller: Caller; deadline?: Deadline }>
  // Parts of the operation that have not begun by then do not begin.
  if (deadline !== undefined) deadline.at = caller.receivedAt + ANSWER_WITHIN_MS
  try {
    return await withTimeout(remainingMs(caller), Promise.resolve(run(args)), tooLate)
  } catch (error) {
    return { errors: [toClientError(error, logger)] }
  }
}

function remainingMs({ receivedAt }: Caller): number {
  return Math.max(0, receivedAt + ANSWER_WITHIN_MS - performance.now())
}

/** Returns whether the deadline of the operation has passed. */
export function isTooLate(caller: Caller): boolean {
  return remainingMs(caller) === 0
}
