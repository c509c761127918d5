import type { ExecutionArgs } from 'graphql'
import { type Deadline, tooLate } from '../../api/context.ts'
import { toClientError } from '../../api/masking.ts'
import { withTimeout } from '../../lib/async.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Caller } from './caller.ts'
import type { Execute } from './engine.ts'

/** From the arrival of an operation to its answer, in milliseconds. Ten seconds are promised. */
const ANSWER_WITHIN_MS = 9_500
/** Deadlines are rounded up to a multiple of this, because timers of equal length cost Node.js much less. */
const ROUNDED_TO_MS = 100

/**
 * Answers every query and mutation before the deadline. Parts that wait have shorter deadlines of their own, with
 * better errors. This one covers everything else. Work that has begun continues after the deadline. A client that sends
 * the operation again with the same keys gets the outcome of the first attempt.
 */
export function answeringInTime(run: Execute, logger: Logger): Execute {
  return async (args: ExecutionArgs) => {
    const { caller, deadline } = args.contextValue as Readonly<{ caller: Caller; deadline?: Deadline }>
    // Parts of the operation that have not begun by then do not begin.
    if (deadline !== undefined) deadline.at = caller.receivedAt + ANSWER_WITHIN_MS
    const withinMs = Math.ceil(remainingMs(caller) / ROUNDED_TO_MS) * ROUNDED_TO_MS
    try {
      return await withTimeout(withinMs, run(args), tooLate)
    } catch (error) {
      return { errors: [toClientError(error, logger)] }
    }
  }
}

function remainingMs({ receivedAt }: Caller): number {
  return Math.max(0, receivedAt + ANSWER_WITHIN_MS - performance.now())
}

/** Returns whether the deadline of the operation has passed. */
export function isTooLate(caller: Caller): boolean {
  return remainingMs(caller) === 0
}
