import type { FollowerSource } from '../registry-store.ts'
import type { FollowerId } from '../follower-store.ts'
import type { Webhook } from './webhook.ts'

/**
 * A follower of a webhook. Each has its own positions, so that none waits for another:
 * - `log`: the events of chats
 * - `pending`: the same events some time later, for `message.pending`
 * - `receipts`, `users`: the members and users that have changed
 */
export type Stream = Readonly<{ id: FollowerId; kind: StreamKind; source: FollowerSource }>
export type StreamKind = 'log' | 'pending' | 'receipts' | 'users'

/** Returns the followers of a webhook. Each webhook has the one of chat logs, which also reports gaps. */
export function streamsOf({ id, types }: Pick<Webhook, 'id' | 'types'>): readonly Stream[] {
  return [
    { id, kind: 'log', source: 'LOGS' },
    ...(types.includes('message.pending') ? [stream(id, 'pending', 'LOGS')] : []),
    ...(types.includes('receipt.advanced') ? [stream(id, 'receipts', 'RECEIPTS')] : []),
    ...(types.includes('user.changed') ? [stream(id, 'users', 'USERS')] : []),
  ]
}

function stream(id: string, kind: StreamKind, source: FollowerSource): Stream {
  return { id: `${id}/${kind}`, kind, source }
}
