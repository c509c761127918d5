import type { GroupEvent } from '@parley/client/group-events'

/** Says what happened to a group. `events` are additions by the same person, or one event of another kind. */
export function eventText(
  events: readonly [GroupEvent, ...GroupEvent[]],
  viewerId: string | undefined,
): string {
  const [event] = events
  const nameOf = ({ id, name }: GroupEvent['actor'], you: string): string => (id === viewerId ? you : name)
  const actor = nameOf(event.actor, 'You')
  switch (event.type) {
    case 'chat-updated':
      return event.seq === 1
        ? `${actor} created the group`
        : `${actor} changed the name or settings of the group`
    case 'member-added': {
      const users = events.flatMap((each) => ('user' in each ? [nameOf(each.user, 'you')] : []))
      return `${actor} added ${new Intl.ListFormat('en').format(users)}`
    }
    case 'member-removed':
      return event.user.id === event.actor.id
        ? `${actor} left`
        : `${actor} removed ${nameOf(event.user, 'you')}`
    case 'role-changed':
      return `${actor} made ${nameOf(event.user, 'you')} ${ROLES[event.role]}`
    default:
      return event satisfies never
  }
}

const ROLES = { OWNER: 'an owner', ADMIN: 'an admin', MEMBER: 'a member' } as const
