/** Limits of one WebSocket connection. */
export type SocketLimits = Readonly<{
  /** Time from the handshake to connection_init, in milliseconds. */
  initTimeoutMs: number
  /** After this much silence the gateway pings the peer. After as much again it cuts the connection off. */
  silenceMs: number
  /** How often each connection is checked for silence and expired tokens, in milliseconds. */
  checkIntervalMs: number
  /** Size of a message from the client, in bytes. */
  maxMessageBytes: number
  /** Unsent bytes, beyond which the client is too slow. One more message may be added on top. */
  maxUnsentBytes: number
  /** Operations that run at once on one connection. */
  maxOperations: number
  /** Connections of one client address that have not presented a valid token yet. */
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
