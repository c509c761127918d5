import type { IncomingMessage } from 'node:http'

/** The longest that the body of an operation may take, in milliseconds. */
const BODY_WITHIN_MS = 15_000

const TOO_SLOW = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'

/**
 * Cuts off a client that sends the body of an operation too slowly. Node has such a limit for the whole server only,
 * and a large file may take longer.
 */
export function limitBodyTime(request: IncomingMessage): void {
  const { headers, socket } = request
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (!hasBody) return
  const timer = setTimeout(() => {
    if (!request.complete) socket.end(TOO_SLOW, () => socket.destroy())
  }, BODY_WITHIN_MS)
  const clear = (): void => clearTimeout(timer)
  request.once('end', clear).once('close', clear)
}
