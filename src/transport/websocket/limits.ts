import { MAX_BODY_LENGTH } from '../../messages/message-input.ts'

/** Limits of one WebSocket connection. */
export type SocketLimits = Readonly<{
  /** Time from the handshake to connection_init, in milliseconds. It may take one `checkIntervalMs` more. */
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
  /** Such connections of all addresses. */
  maxAnonymous: number
  /** Time from the handshake to a valid token, in milliseconds. */
  signInTimeoutMs: number
  /** How long a peer may take to answer a close frame before it is cut off, in milliseconds. */
  closeTimeoutMs: number
}>

/**
 * The most bytes of one character of a body: an emoji as an escaped surrogate pair in a string of the document, whose
 * backslashes JSON escapes again. In a variable it is 12 bytes.
 */
const MAX_CHARACTER_BYTES = '\\\\ud83d\\\\ude00'.length
/** For the document, the ids and the key around a body. */
const ENVELOPE_BYTES = 16 * 1024

export const SOCKET_LIMITS: SocketLimits = {
  initTimeoutMs: 3_000,
  silenceMs: 11_000,
  checkIntervalMs: 1_000,
  // The longest body in its longest form, 128 KiB. Each connection may hold that much in memory, so it is not more.
  maxMessageBytes: MAX_BODY_LENGTH * MAX_CHARACTER_BYTES + ENVELOPE_BYTES,
  maxUnsentBytes: 4 * 1024 * 1024,
  maxOperations: 100,
  maxAnonymousPerAddress: 100,
  // As many as can sign in within about two seconds. Each takes about 20 KB.
  maxAnonymous: 5_000,
  // Checking a token may take 3 s for connection_init, 2 s in the queue and 5 s for keys and database.
  signInTimeoutMs: 15_000,
  closeTimeoutMs: 2_000,
}
