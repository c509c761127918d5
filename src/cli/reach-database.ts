import { retry } from '../lib/backoff.ts'
import { findWriterUrl } from '../store/failover/find-writer.ts'
import { inspectDatabase } from '../store/migrations/inspect.ts'
import type { Logger } from '../telemetry/logger.ts'
import { codeOf } from './failure.ts'
import { connectProblem } from './judge-database.ts'

/** Nobody can work with this database. The message is for the operator: what is wrong, and what to do about it. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

type Options = Readonly<{
  /** For how long to try, in milliseconds; 0: once. */
  patienceMs: number
  logger?: Pick<Logger, 'warn'>
  signal?: AbortSignal
}>

const BACKOFF = { firstMs: 250, maxMs: 2_000 }

/** What no waiting mends: the user is refused, or there is no such database. */
const LASTING = ['28P01', '28000', '3D000']

/**
 * Resolves when the database takes connections. Where it does not, tries for as long as patience lasts, and says so once
 * for each way of failing; then throws UnreachableError. Rejects with the signal's reason when it fires.
 */
export async function reachDatabase(url: string, { patienceMs, logger, signal }: Options): Promise<void> {
  const giveUpAt = performance.now() + patienceMs
  const told = new Set<string>()

  function mayPass(error: unknown): boolean {
    const isOver = performance.now() >= giveUpAt || LASTING.includes(codeOf(error) ?? '')
    const { what } = connectProblem(error)
    if (!isOver && !told.has(what)) logger?.warn(`${sentence(what)} Trying for ${patienceMs / 1_000} s …`)
    told.add(what)
    return !isOver
  }

  try {
    await retry(async () => inspectDatabase(await findWriterUrl(url)), mayPass, BACKOFF, signal)
  } catch (error) {
    signal?.throwIfAborted()
    const { what, mend } = connectProblem(error)
    throw new UnreachableError(`${sentence(what)} ${mend}`, { cause: error })
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
