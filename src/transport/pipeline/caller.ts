import type { ResultTexts } from '../../api/list-texts/result-texts.ts'
import type { LiveSink } from '../../delivery/live-source.ts'
import type { Session } from '../../auth/session.ts'

/** The WebSocket connection of an operation. */
export type CallerConnection = Readonly<{
  /** Unique on this gateway, for logs. */
  id: string
  /** Closes the connection and ends its operations at once. The client receives the reason, at most 123 bytes. */
  close(code: number, reason: string): void
}>

/** The session and the transport of an operation. `receivedAt` is a time of performance.now(). */
export type Caller = Readonly<{
  /** The address of this server as the client sees it, without a path. */
  baseUrl?: string
}> &
  (
    | Readonly<{
        transport: 'http'
        session: Session | undefined
        connection: undefined
        receivedAt: number
        openLiveSink?: undefined
        texts?: undefined
      }>
    | Readonly<{
        transport: 'websocket'
        session: Session | undefined
        connection: CallerConnection
        receivedAt: number
        /** Opens a sink that writes the live items of this subscription to the connection. */
        openLiveSink?: (() => LiveSink) | undefined
        /** Takes the texts of lists in the answer to a query or mutation. */
        texts?: ResultTexts | undefined
      }>
  )

/**
 * Creates the context of one operation. Called after the document was validated. Resolvers receive the own enumerable
 * properties of the result, so it must be a plain object and not an instance of a class.
 */
export type ContextFactory = (caller: Caller) => object
