import type { IncomingMessage } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { ErrorCode } from '../../errors.ts'
import { hintHttp, httpHintOf, toClientError } from '../../api/masking.ts'
import type { Logger } from '../../telemetry/logger.ts'

/** The status of a request that fails as a whole, by the code of its first error. */
export const STATUS = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  SERVICE_DEGRADED: 503,
  UNAVAILABLE: 503,
  INTERNAL: 500,
} as const satisfies Record<ErrorCode, number>

/**
 * The last step before a result goes to an HTTP client. It masks the errors. A result without data, whose operation
 * never ran, gets the status of its first error. By the GraphQL-over-HTTP specification a result with data has status
 * 200 even if fields failed, and `application/json` always has 200. Calls `onLimited` if an error is RATE_LIMITED.
 */
export function useHttpStatus(
  logger: Logger,
  onLimited: (request: IncomingMessage) => void = () => undefined,
): Plugin<object, { req?: IncomingMessage }> {
  return {
    onResultProcess(outcome) {
      const { result } = outcome
      if (!isSingle(result) || !result.errors?.length) return
      const errors = result.errors.map((error) => toClientError(error, logger))
      if (!('data' in result)) hintStatus(errors)
      const { req } = outcome.serverContext
      if (req !== undefined && errors.some(isLimited)) onLimited(req)
      outcome.setResult({ ...result, errors })
    },
  }
}

/** Not a stream, and not the results of a batch, which are never returned. */
function isSingle(result: object): result is ExecutionResult {
  return !Array.isArray(result) && !(Symbol.asyncIterator in result)
}

function isLimited({ extensions }: GraphQLError): boolean {
  return extensions['code'] === ('RATE_LIMITED' satisfies ErrorCode)
}

function hintStatus([first]: readonly GraphQLError[]): void {
  if (first === undefined || httpHintOf(first)?.status !== undefined) return
  const { code, retryAfterMs } = first.extensions
  const status = STATUS[code as ErrorCode]
  hintHttp(first, { status, headers: headersFor(status, retryAfterMs), spec: true })
}

function headersFor(status: number, retryAfterMs: unknown): Record<string, string> {
  if (status === 401) return { 'WWW-Authenticate': 'Bearer' }
  if (typeof retryAfterMs !== 'number') return {}
  return { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }
}
