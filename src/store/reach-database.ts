import { retry } from '../lib/backoff.ts'
import { codeOf, hasCode, messageOf } from '../lib/error-info.ts'
import type { Logger } from '../telemetry/logger.ts'
import { inspectDatabase } from './migrations/inspect.ts'
import { findWriterUrl } from './failover/find-writer.ts'

/** The database cannot be used. The message tells the operator what is wrong and what to do. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** Why a connection failed, and how to fix it. */
export type ConnectProblem = Readonly<{ what: string; hint: string }>

type Options = Readonly<{
  /** How long to retry, in milliseconds. 0: one attempt. */
  retryForMs: number
  logger?: Pick<Logger, 'warn'>
  signal?: AbortSignal
}>

const BACKOFF = { firstMs: 250, maxMs: 2_000 }

/** Codes of failures that retrying does not fix: the server refuses the user, or the database does not exist. */
const PERMANENT = ['28P01', '28000', '3D000']

/**
 * Resolves when the database accepts connections. Retries for `retryForMs`, and logs each distinct problem once.
 * Rejects with UnreachableError, or with the signal's reason if the signal aborts.
 */
export async function reachDatabase(url: string, { retryForMs, logger, signal }: Options): Promise<void> {
  const giveUpAt = performance.now() + retryForMs
  const logged = new Set<string>()

  function shouldRetry(error: unknown): boolean {
    if (performance.now() >= giveUpAt || isPermanent(error)) return false
    const problem = describeConnectError(error).what
    if (!logged.has(problem)) logger?.warn({ problem, retryForMs }, 'database is not reachable; retrying')
    logged.add(problem)
    return true
  }

  try {
    await retry(async () => inspectDatabase(await findWriterUrl(url)), shouldRetry, BACKOFF, signal)
  } catch (error) {
    signal?.throwIfAborted()
    const { what, hint } = describeConnectError(error)
    throw new UnreachableError(`${sentence(what)} ${hint}`, { cause: error })
  }
}

/**
 * Of several hosts, each must have failed for good, or be a standby (an error without a code): a server that does not
 * answer may be the one that accepts the user.
 */
function isPermanent(error: unknown): boolean {
  if (!(error instanceof AggregateError)) return hasCode(error, ...PERMANENT)
  const errors: readonly unknown[] = error.errors
  const failed = errors.filter((one) => codeOf(one) !== undefined || one instanceof AggregateError)
  return failed.length > 0 && failed.every(isPermanent)
}

export function describeConnectError(error: unknown): ConnectProblem {
  return {
    what: `the database can't be reached: ${messageOf(error)}`,
    hint: hintFor(codeOf(error) ?? firstNestedCode(error)),
  }
}

/** With several hosts there is one error per host: the first code among them. */
function firstNestedCode(error: unknown): string | undefined {
  if (!(error instanceof AggregateError)) return undefined
  return error.errors.map(codeOf).find((code) => code !== undefined)
}

function hintFor(code: string | undefined): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'Nothing listens there: start the server, or correct host and port in DATABASE_URL.'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'The host name does not resolve: correct it in DATABASE_URL, or fix the name service.'
    case '28P01':
    case '28000':
      return 'The server refuses the user: correct user and password in DATABASE_URL, or allow the user in pg_hba.conf.'
    case '3D000':
      return 'The server has no database of that name: create it, or correct the name in DATABASE_URL.'
    case '53300':
      return 'All connections of the server are in use: raise max_connections, or close some of them.'
    case '57P03':
      return 'The server is starting or stopping: try again in a moment.'
    default:
      return 'Check host and port in DATABASE_URL, and that no firewall blocks the connection.'
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
