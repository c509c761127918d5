import type { execute, ExecutionArgs, ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { unavailable } from '../../errors.ts'
import { toClientError } from '../../api/masking.ts'
import { withTimeout } from '../../lib/async.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Caller } from './caller.ts'

/** From the moment in which an operation comes in to its answer, in milliseconds: ten seconds are promised. */
const ANSWER_WITHIN_MS = 9_500

/**
 * Answers every query and mutation in time, whatever it waits for. The parts that wait have shorter deadlines of their
 * own, with better words; this is for what none of them covers. What was begun goes on, and whoever sends it again with
 * the same keys finds what came of it.
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
  const { caller } = args.contextValue as Readonly<{ caller: Caller }>
  try {
    return await withTimeout(leftMs(caller), Promise.resolve(run(args)), tooLate)
  } catch (error) {
    return { errors: [toClientError(error, logger)] }
  }
}

function leftMs({ askedAt }: Caller): number {
  return Math.max(0, askedAt + ANSWER_WITHIN_MS - performance.now())
}

/** Whether nobody waits for an answer any more. */
export function isTooLate(caller: Caller): boolean {
  return leftMs(caller) === 0
}

export function tooLate(): Error {
  return unavailable('There was no answer in time. Send it again, with the same keys.')
}
