import type { Config } from '../../config/config.ts'

/** Whether pages of an origin may use this gateway from a browser. */
export type OriginPolicy = (origin: string) => boolean

/**
 * One list for CORS and for WebSocket handshakes, compared exactly; in development pages of this machine may as
 * well, on whatever port. "null", the origin of sandboxed pages and files, is nobody's.
 */
export function createOriginPolicy({ mode, http }: Pick<Config, 'mode' | 'http'>): OriginPolicy {
  const allowed = new Set(http.allowedOrigins)
  return (origin) => allowed.has(origin) || (mode === 'development' && isLoopback(origin))
}

function isLoopback(origin: string): boolean {
  const url = URL.parse(origin)
  if (url === null || url.origin !== origin) return false
  return /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
}

/** A preflight's answer may be kept this long, in seconds; Chromium keeps none for longer than two hours. */
const PREFLIGHT_MAX_AGE_S = 7_200

/**
 * The CORS headers for a request. A foreign origin gets none, so that its page can read nothing. Tokens come in a
 * header of the application's making, never by themselves: no credentials are allowed, as none are needed.
 */
export function corsHeaders(origin: string | undefined, isAllowed: OriginPolicy): Record<string, string> {
  if (origin === undefined || !isAllowed(origin)) return { Vary: 'Origin' }
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': 'authorization, content-type',
    'Access-Control-Expose-Headers': 'retry-after',
    'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE_S),
  }
}
