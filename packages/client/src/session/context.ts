import type { ConnectionState, ServiceStatus } from '../api.ts'
import type { ValueStore } from '../lib/value-store.ts'
import type { Model } from '../model/model.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { PresenceStores } from '../presence/presence-stores.ts'
import type { Sync } from '../sync/sync.ts'
import type { TabMessage } from '../tabs/tab-message.ts'

/** The parts that the leading and the following half of a session share. */
export type SessionContext = Readonly<{
  model: Model
  sync: Sync
  outbox: Outbox
  presences: PresenceStores
  connection: ValueStore<ConnectionState>
  serviceStatus: ValueStore<ServiceStatus>
  signal: AbortSignal
  /** Sends a message to the other tabs. */
  post(message: TabMessage): void
  isLeader(): boolean
  onError(error: unknown): void
}>

/** Runs work whose failure the app has to hear of, unless the client was closed meanwhile. */
export function inBackground(
  { signal, onError }: Pick<SessionContext, 'signal' | 'onError'>,
  work: Promise<unknown>,
): void {
  work.catch((error: unknown) => signal.aborted || onError(error))
}
