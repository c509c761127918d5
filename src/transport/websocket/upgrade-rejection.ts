import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** Why a WebSocket handshake is refused, as an HTTP status, and when to come back, in seconds. */
export type UpgradeRejection = Readonly<{ status: number; retryAfterS?: number }>

/** Answers a handshake with a plain HTTP response, and hangs up. */
export function rejectUpgrade(socket: Duplex, { status, retryAfterS }: UpgradeRejection): void {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, 'Connection: close', 'Content-Length: 0']
  if (retryAfterS !== undefined) lines.push(`Retry-After: ${retryAfterS}`)
  // A client that hangs up first makes this fail, which is as good.
  socket.on('error', () => socket.destroy())
  socket.once('finish', () => socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n`)
}
