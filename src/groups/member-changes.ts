import type { Change } from '../chats/chat-log.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { MemberRole } from '../events/chat.ts'
import type { UserId } from '../ids.ts'

/** An event about a member of a group. */
export type GroupEvent = Extract<ChatEvent, { type: 'MemberAdded' | 'MemberRemoved' | 'MemberRoleChanged' }>

export function memberAdded(actorId: UserId, userId: UserId): Change<GroupEvent> {
  const type = 'MemberAdded'
  return {
    row: { type, actorId, subjectId: userId },
    toEvent: (place) => ({ type, ...place, actorId, userId, joined: [userId] }),
  }
}

export function memberRemoved(actorId: UserId, userId: UserId): Change<GroupEvent> {
  const type = 'MemberRemoved'
  return {
    row: { type, actorId, subjectId: userId },
    toEvent: (place) => ({ type, ...place, actorId, userId, joined: [] }),
  }
}

export function roleChanged(actorId: UserId, userId: UserId, role: MemberRole): Change<GroupEvent> {
  const type = 'MemberRoleChanged'
  return {
    row: { type, actorId, subjectId: userId, role },
    toEvent: (place) => ({ type, ...place, actorId, userId, role, joined: [] }),
  }
}
