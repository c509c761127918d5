import type { IncomingHttpHeaders } from 'node:http'
import type { Config } from '../../config/config.ts'

/** Returns whether pages of an origin may use this gateway from a browser. */
export type OriginPolicy = (origin: string) => boolean

/**
 * One list for CORS and for WebSocket handshakes, compared exactly. In development, pages of this machine are allowed
 * too, on every port. The origin "null" of sandboxed pages and files is never allowed.
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

/** The headers of tus 1.0, besides those of a plain PUT. */
const TUS_HEADERS = [
  'tus-resumable',
  'upload-length',
  'upload-offset',
  'upload-metadata',
  'upload-defer-length',
]

/** As `createCorsHeaders`, for uploads and files. */
export function createMediaCorsHeaders({ mode, http }: Pick<Config, 'mode' | 'http'>): CorsHeaders {
  const isAllowed = createOriginPolicy({ mode, http })
  const sent = [
    'content-type',
    'range',
    'if-range',
    'if-none-match',
    'x-http-method-override',
    'x-request-id',
  ]
  const shown = [
    'location',
    'tus-version',
    'tus-extension',
    'tus-max-size',
    'etag',
    'content-range',
    'retry-after',
  ]
  const forAllowed = {
    'Access-Control-Allow-Methods': 'GET, HEAD, PUT, POST, PATCH',
    'Access-Control-Allow-Headers': [...new Set([...sent, ...TUS_HEADERS, ...http.allowedHeaders])].join(
      ', ',
    ),
    'Access-Control-Expose-Headers': [...shown, ...TUS_HEADERS].join(', '),
    'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE_S),
  }
  return (origin) => {
    if (origin === undefined || !isAllowed(origin)) return { Vary: 'Origin' }
    return { Vary: 'Origin', 'Access-Control-Allow-Origin': origin, ...forAllowed }
  }
}

/** Returns whether a page of this gateway sends the request: its origin is the host that the request names. */
export function isSameOrigin({ origin, host }: IncomingHttpHeaders): boolean {
  return origin !== undefined && host !== undefined && URL.parse(origin)?.host === host.toLowerCase()
}

/** How long browsers may cache a preflight, in seconds. Chromium caches for at most two hours. */
const PREFLIGHT_MAX_AGE_S = 7_200

/** Request headers that clients send by default: Apollo Client, and libraries for tracing and error reports. */
const USUAL_HEADERS = [
  'authorization',
  'content-type',
  'apollographql-client-name',
  'apollographql-client-version',
  'apollo-require-preflight',
  'traceparent',
  'tracestate',
  'sentry-trace',
  'baggage',
  'x-request-id',
]

/** The headers of a request that its response depends on. */
const VARY = 'Origin, Accept-Encoding'

/** Returns the CORS headers of a response to a request from an origin. */
export type CorsHeaders = (origin: string | undefined) => Readonly<Record<string, string>>

/**
 * An origin that is not allowed gets no headers, so that its page can read nothing. Applications set the token in a
 * header themselves, so no credentials are needed and none are allowed.
 */
export function createCorsHeaders({ mode, http }: Pick<Config, 'mode' | 'http'>): CorsHeaders {
  const isAllowed = createOriginPolicy({ mode, http })
  const forAllowed = {
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': [...new Set([...USUAL_HEADERS, ...http.allowedHeaders])].join(', '),
    'Access-Control-Expose-Headers': 'retry-after',
    'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE_S),
  }
  return (origin) => {
    if (origin === undefined || !isAllowed(origin)) return { Vary: VARY }
    return { Vary: VARY, 'Access-Control-Allow-Origin': origin, ...forAllowed }
  }
}
