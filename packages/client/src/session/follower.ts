import type { TabMessage } from '../tabs/tab-message.ts'
import { inBackground, type SessionContext } from './context.ts'

/** A message from the leading tab to the others. */
export type LeaderMessage = Extract<TabMessage, { type: 'item' | 'state' | 'presence' }>

/** The half of a session that follows another tab: it applies what that one receives to a snapshot of its own. */
export type Follower = Readonly<{
  follow(): void
  receive(message: LeaderMessage): void
}>

export function createFollower(context: SessionContext): Follower {
  const { sync, presences, post } = context

  /** Live once the leader is, and once this tab holds what the leader holds. */
  async function takeState({
    connection,
    status,
    heads,
  }: Extract<LeaderMessage, { type: 'state' }>): Promise<void> {
    context.serviceStatus.set(status)
    if (connection.type === 'live') {
      await sync.catchUp()
      for (const [chatId, headSeq] of heads) sync.chat(chatId).expect(headSeq)
    } else presences.forget()
    // By now this tab may have become the leader itself, or was closed.
    if (!context.isLeader() && !context.signal.aborted) context.connection.set(connection)
  }

  return {
    follow() {
      post({ type: 'hello' })
      inBackground(context, sync.catchUp())
    },
    receive(message) {
      switch (message.type) {
        case 'item':
          sync.receive(message.item)
          // Queries the snapshot after InboxReset, and nothing after any other item.
          return inBackground(context, sync.catchUp())
        case 'presence':
          return presences.apply(message.presence)
        case 'state':
          return inBackground(context, takeState(message))
        default:
          return message satisfies never
      }
    },
  }
}
