import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2'
import { once } from 'node:events'
import type { Post, Posted } from '../../lib/outgoing-post.ts'
import { failed, reasonOf, retryAfterMs } from './answers.ts'

/** Posts over HTTP/2 to servers that the operator has configured, and keeps a connection to each. */
export type Http2Post = Readonly<{ post: Post; close(): void }>

/** A connection that does not answer a ping within this time is not used any more, in milliseconds. */
const PING_TIMEOUT_MS = 5_000
const PING_EVERY_MS = 30_000
/** The request was not processed, by the words of the server: it may be sent again on another connection. */
const UNPROCESSED: ReadonlySet<string> = new Set(['ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_INVALID_SESSION'])
const REFUSED_STREAM = 7

/*
 * The life of a connection:
 *
 *   none ── a request ──▶ open ── GOAWAY, error, end, no pong ──▶ none
 *
 * After GOAWAY the server answers the requests that it has accepted. It refuses the others, and each of them is sent
 * once more on a new connection. A connection that a network has dropped silently is found by pings.
 */
export function createHttp2Post(): Http2Post {
  const sessions = new Map<string, ClientHttp2Session>()

  function sessionTo(origin: string): ClientHttp2Session {
    const open = sessions.get(origin)
    if (open !== undefined && !open.closed && !open.destroyed) return open
    const session = connect(origin)
    const forget = (): void => {
      clearInterval(pings)
      if (sessions.get(origin) === session) sessions.delete(origin)
    }
    const pings = setInterval(() => pingOrDestroy(session), PING_EVERY_MS)
    pings.unref()
    session.on('goaway', forget).on('error', forget).on('close', forget)
    session.unref()
    sessions.set(origin, session)
    return session
  }

  const post: Post = async (request) => {
    const url = URL.parse(request.url)
    if (url === null || !/^https?:$/.test(url.protocol)) return failed('the URL is not http or https')
    const first = await attempt(sessionTo(url.origin), url, request)
    if (first !== 'unprocessed') return first
    const second = await attempt(sessionTo(url.origin), url, request)
    return second === 'unprocessed' ? failed('the server refuses requests') : second
  }

  return {
    post,
    close() {
      for (const session of sessions.values()) session.destroy()
    },
  }
}

function pingOrDestroy(session: ClientHttp2Session): void {
  if (session.destroyed || session.connecting) return
  const timer = setTimeout(() => session.destroy(), PING_TIMEOUT_MS)
  timer.unref()
  session.ping(() => clearTimeout(timer))
}

async function attempt(
  session: ClientHttp2Session,
  { pathname, search }: URL,
  { headers, body, timeoutMs, maxBodyBytes = 0 }: Parameters<Post>[0],
): Promise<Posted | 'unprocessed'> {
  let stream: ClientHttp2Stream | undefined
  try {
    stream = session.request(
      { ...headers, ':method': 'POST', ':path': `${pathname}${search}`, 'user-agent': 'Parley' },
      { signal: AbortSignal.timeout(timeoutMs) },
    )
    stream.on('error', () => undefined)
    stream.end(body)
    const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status'?: number }]
    const text = await readStart(stream, maxBodyBytes)
    const afterMs = retryAfterMs(answer['retry-after'])
    return { type: 'answered', status: answer[':status'] ?? 0, retryAfterMs: afterMs, body: text }
  } catch (error) {
    const isRefused = stream?.rstCode === REFUSED_STREAM
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    return isRefused || UNPROCESSED.has(code) ? 'unprocessed' : failed(reasonOf(error, timeoutMs))
  }
}

async function readStart(stream: ClientHttp2Stream, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (size < maxBytes) chunks.push(chunk)
    size += chunk.length
    if (size >= maxBytes) break
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString()
}
