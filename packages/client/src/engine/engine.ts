import type { ParleyClient } from '../api.ts'
import type { ClientParts } from '../session/parts.ts'
import type { Session } from '../session/session.ts'

/** The property of a client that holds its engine. */
export const ENGINE = Symbol.for('@parley/client/engine')

/** The parts of a client, for its chats and for adapters of other caches. */
export type Engine = ClientParts &
  Readonly<{
    /** Whether `start` was called. */
    isStarted(): boolean
    /** Undefined until the user and the device are known. */
    session(): Session | undefined
    /** Keeps the messages and members of a chat up to date, now or once there is a session. */
    openChat(chatId: string): void
    /** Resolves once there is a session. Rejects before `start`. */
    whenOpen(): Promise<Session>
  }>

export type WithEngine = Readonly<{ [ENGINE]: Engine }>

/** Returns the engine of a client that `createParleyClient` has created. */
export function engineOf(client: ParleyClient): Engine {
  const engine = (client as Partial<WithEngine>)[ENGINE]
  if (engine === undefined) throw new TypeError('Pass a client that createParleyClient has created.')
  return engine
}
