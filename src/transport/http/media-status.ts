import type { ErrorCode, ParleyError } from '../../errors.ts'

const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  SERVICE_DEGRADED: 503,
  UNAVAILABLE: 503,
}

/** Returns the HTTP status of an error at the address of a file. */
export function statusOfMedia({ code }: ParleyError): number {
  return STATUS[code] ?? 500
}
