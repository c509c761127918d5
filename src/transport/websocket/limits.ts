/** What one WebSocket connection may take. */
export type SocketLimits = Readonly<{
  /** From the handshake to connection_init, in milliseconds. */
  initTimeoutMs: number
  /** Nothing heard for so long: a ping; nothing after another so long: the peer is gone. Milliseconds. */
  silenceMs: number
  /** How often connections are looked at, in milliseconds. */
  checkIntervalMs: number
  /** Of a message from the client, in bytes. */
  maxMessageBytes: number
  /** Waiting to be sent; beyond it the client is too slow. One more message may come on top. Bytes. */
  maxUnsentBytes: number
  /** Operations under way on one connection. */
  maxOperations: number
  /** Connections of one client address on which no valid token was presented so far. */
  maxAnonymousPerAddress: number
  /** How long a peer may take to answer a close frame before it is cut off, in milliseconds. */
  closeTimeoutMs: number
}>

export const SOCKET_LIMITS: SocketLimits = {
  initTimeoutMs: 3_000,
  silenceMs: 11_000,
  checkIntervalMs: 1_000,
  maxMessageBytes: 64 * 1024,
  maxUnsentBytes: 4 * 1024 * 1024,
  maxOperations: 100,
  maxAnonymousPerAddress: 100,
  closeTimeoutMs: 2_000,
}
