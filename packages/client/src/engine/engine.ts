import type { ConnectionState, ParleyClient, Store } from '../api.ts'
import type { Connection } from '../connection/connection.ts'
import type { Socket } from '../connection/socket.ts'
import type { TokenSource } from '../connection/token.ts'
import type { Model } from '../model/model.ts'
import type { PresenceStores } from '../presence/presence-stores.ts'
import type { Session } from '../session/session.ts'

/** The property of a client that holds its engine. */
export const ENGINE = Symbol.for('@parley/client/engine')

/** The parts of a client that an adapter for another cache uses. */
export type Engine = Readonly<{
  model: Model
  presences: PresenceStores
  /** The connection of the inbox, while there is one in this tab. */
  socket: Store<Socket | undefined>
  /** Whether another tab holds the inbox. */
  isFollowing: Store<boolean>
  /** Creates a connection besides that of the inbox. */
  createConnection(onOpened: (socket: Socket) => () => void): Connection
  tokens: TokenSource
  connection: Store<ConnectionState>
  /** Aborted once the client is closed. */
  signal: AbortSignal
  onError(error: unknown): void
  /** Whether `start` was called. */
  isStarted(): boolean
  /** Whether the model holds all chats of the viewer. */
  isReady(): boolean
  /** Keeps the messages and members of a chat up to date from now on. */
  open(chatId: string): void
  isOpen(chatId: string): boolean
  /** Resolves once the user and the device are known. */
  whenOpen(): Promise<Session>
}>

export type WithEngine = Readonly<{ [ENGINE]: Engine }>

/** Returns the engine of a client that `createParleyClient` has created. */
export function engineOf(client: ParleyClient): Engine {
  const engine = (client as Partial<WithEngine>)[ENGINE]
  if (engine === undefined) throw new TypeError('Pass a client that createParleyClient has created.')
  return engine
}
