import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** The HTTP status for a rejected WebSocket handshake, and when to retry, in seconds. */
export type UpgradeRejection = Readonly<{ status: number; retryAfterS?: number }>

/** Answers a handshake with a plain HTTP response and closes the connection. */
export function rejectUpgrade(socket: Duplex, { status, retryAfterS }: UpgradeRejection): void {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, 'Connection: close', 'Content-Length: 0']
  if (retryAfterS !== undefined) lines.push(`Retry-After: ${retryAfterS}`)
  // If the client closes first, this write fails. Nothing needs to be done then.
  socket.on('error', () => socket.destroy())
  socket.once('finish', () => socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n`)
}
