/**
 * How far the clocks of issuer and gateway may differ, in seconds. A gateway checks its connections once a second and
 * closes those with an expired token within 5 s, so the tolerance must be lower than that.
 */
export const CLOCK_TOLERANCE_S = 3

/**
 * Returns whether a token has expired; a token without `expiresAt` never does. Computes it exactly as the verifier
 * does, in whole seconds and with the tolerance. Otherwise a client could reconnect with a token for which it was
 * just disconnected, again and again.
 */
export function hasExpired(expiresAt: Date | undefined, nowMs: number): boolean {
  if (expiresAt === undefined) return false
  return expiresAt.getTime() / 1000 <= Math.floor(nowMs / 1000) - CLOCK_TOLERANCE_S
}
