import type { ConnectionState, ServiceStatus } from '../api.ts'
import type { InboxData } from '../graphql/responses.ts'
import type { Confirmed } from '../outbox/outbox.ts'
import type { PresenceData } from '../presence/presence-watch.ts'

/** A message between tabs that share a device. */
export type TabMessage =
  /** From a following tab. The leader replies with `state`. */
  | Readonly<{ type: 'hello' }>
  /** From the leader. `heads` are the newest seqs that it has applied, so that followers find what they have missed. */
  | Readonly<{
      type: 'state'
      connection: ConnectionState
      status: ServiceStatus
      heads: readonly (readonly [chatId: string, seq: number])[]
    }>
  /** From the leader: an item of the inbox. */
  | Readonly<{ type: 'item'; item: InboxData }>
  /** From the leader: a user's presence. */
  | Readonly<{ type: 'presence'; presence: PresenceData }>
  /** To the leader: the users whose presence this tab shows. */
  | Readonly<{ type: 'watch'; userIds: readonly string[] }>
  /** The outbox in storage has changed. */
  | Readonly<{ type: 'outbox' }>
  /** From the leader: a message was sent. */
  | Readonly<{ type: 'sent'; confirmed: Confirmed }>
