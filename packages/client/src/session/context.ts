import type { Outbox } from '../outbox/outbox.ts'
import type { Sync } from '../sync/sync.ts'
import type { TabMessage } from '../tabs/tab-message.ts'
import type { ClientParts } from './parts.ts'

/** The parts that the leading and the following half of a session share. */
export type SessionContext = ClientParts &
  Readonly<{
    sync: Sync
    outbox: Outbox
    /** Sends a message to the other tabs. */
    post(message: TabMessage): void
    isLeader(): boolean
  }>

/** Runs work whose failure the app has to hear of, unless the client was closed meanwhile. */
export function inBackground({ signal, onError }: ClientParts, work: Promise<unknown>): void {
  work.catch((error: unknown) => signal.aborted || onError(error))
}
