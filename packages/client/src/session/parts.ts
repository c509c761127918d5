import type { ClientStorage, ConnectionState, ServiceStatus } from '../api.ts'
import type { Socket } from '../connection/socket.ts'
import type { TokenSource } from '../connection/token.ts'
import type { Request } from '../graphql/http.ts'
import type { EventData } from '../graphql/responses.ts'
import type { ValueStore } from '../lib/value-store.ts'
import type { Model } from '../model/model.ts'
import type { PresenceStores } from '../presence/presence-stores.ts'
import type { OpenUploads } from '../uploads/open-uploads.ts'

/** The parts of a client that exist from its creation, before the user and the device are known. */
export type ClientParts = Readonly<{
  /** Of the WebSocket. */
  url: string
  WebSocket: typeof globalThis.WebSocket
  storage: ClientStorage
  uploads: OpenUploads | undefined
  pageSize: number
  tokens: TokenSource
  request: Request
  /** Repeats what may succeed later. */
  requestWithRetries: Request
  model: Model
  presences: PresenceStores
  /** The connection of the inbox, while there is one in this tab. */
  socket: ValueStore<Socket | undefined>
  /** Whether another tab holds the inbox. */
  isFollowing: ValueStore<boolean>
  connection: ValueStore<ConnectionState>
  /** Called with each event after it was applied. */
  eventListeners: Set<(event: EventData) => void>
  serviceStatus: ValueStore<ServiceStatus>
  /** Aborted once the client is closed. */
  signal: AbortSignal
  onError(error: unknown): void
}>
