import { execute, type ExecutionArgs, type ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../../api/context.ts'
import { toClientError } from '../../api/masking.ts'
import { turnFor } from '../../api/pace.ts'
import type { ConcurrencyLimit } from '../../quotas/concurrency-limit.ts'
import type { ViewerMarks } from '../../store/replicas/viewer-marks.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { type ChargeAnswer, withinSize } from './answer-size.ts'
import type { Caller } from './caller.ts'
import type { Execute } from './engine.ts'
import { answeringInTime } from './execution-deadline.ts'
import { limitingConcurrency } from './limited-concurrency.ts'
import { readingFreshly } from './read-freshness.ts'

type Options = Readonly<{
  /** Whether errors about variables come without suggestions. */
  hideSuggestions: boolean
  concurrencyLimit: ConcurrencyLimit
  /** Default: answers cost nothing besides what was admitted. */
  chargeAnswer?: ChargeAnswer | undefined
  /** How far each viewer's reads have to reach; undefined if all reads go to the primary. */
  marks: ViewerMarks | undefined
  /** Wraps the execution with its deadline. Default: nothing does. */
  wrap?: ((run: Execute) => Execute) | undefined
  logger: Logger
}>

/**
 * Executes the queries and mutations of all transports. Errors are for the client. From the inside out: graphql-js, the
 * bound of the answer, the limit of one user, where an operation may wait for long, the deadline around that wait, and
 * the freshness of reads, whose results a deadline would drop.
 */
export function createExecution(options: Options): Execute {
  const { hideSuggestions, concurrencyLimit, chargeAnswer, marks, logger, wrap = (inner) => inner } = options
  const bounded: Execute = async (args) => {
    const result = await execute(Object.assign(args, { hideSuggestions }))
    const turn = turnFor(args.contextValue as Context)
    if (turn !== undefined) await turn()
    ;(args.contextValue as Partial<Context>).texts?.embed(result)
    return withinSize(result, (chars) => chargeViewer(args, chars))
  }
  const inTime = wrap(answeringInTime(limitingConcurrency(bounded, concurrencyLimit), logger))
  const run = marks === undefined ? inTime : readingFreshly(inTime, marks)
  return async (args) => masked(await run(args), logger)

  function chargeViewer({ contextValue }: ExecutionArgs, chars: number): void {
    const { caller } = contextValue as Readonly<{ caller: Caller }>
    const viewerId = caller.session?.viewer.userId
    if (viewerId !== undefined) chargeAnswer?.(viewerId, chars)
  }
}

function masked(result: ExecutionResult, logger: Logger): ExecutionResult {
  if (result.errors === undefined) return result
  return { ...result, errors: result.errors.map((error) => toClientError(error, logger)) }
}

/** One function has all of the steps, because each plugin of Yoga costs several closures for each operation. */
export function useExecution(run: Execute): Plugin {
  return {
    onExecute({ setExecuteFn }) {
      setExecuteFn(run)
    },
  }
}
