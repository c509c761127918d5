/**
 * How far the clocks of issuer and gateway may be apart, in seconds. Not more: a connection whose token ran out is
 * closed within five seconds, and is looked at once a second.
 */
export const CLOCK_TOLERANCE_S = 3

/**
 * Whether a token that says so of itself has run out, reckoned exactly as its verification does (whole seconds, with
 * tolerance): whoever loses a connection over a token would otherwise be let in again with the same one, and lose it
 * again. Undefined: it does not expire.
 */
export function hasExpired(expiresAt: Date | undefined, nowMs: number): boolean {
  if (expiresAt === undefined) return false
  return expiresAt.getTime() / 1000 <= Math.floor(nowMs / 1000) - CLOCK_TOLERANCE_S
}
