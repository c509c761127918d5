import type { Session } from '../../auth/session.ts'

/** A WebSocket connection, as operations see it. */
export type CallerConnection = Readonly<{
  /** Unique on this gateway, for logs. */
  id: string
  /** Ends the connection and every operation on it, at once. The reason is read by the client: at most 123 bytes. */
  close(code: number, reason: string): void
}>

/** Who runs an operation, and over what. `askedAt`: when it came in, as performance.now() has it. */
export type Caller =
  | Readonly<{ transport: 'http'; session: Session | undefined; connection: undefined; askedAt: number }>
  | Readonly<{
      transport: 'websocket'
      session: Session | undefined
      connection: CallerConnection
      askedAt: number
    }>

/**
 * Makes the context of one operation. Called after the document was found valid. Its own enumerable properties are
 * what resolvers get, so the result is a plain object, not an instance of a class.
 */
export type ContextFactory = (caller: Caller) => object | Promise<object>
