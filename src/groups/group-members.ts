import { badInput, notFound } from '../errors.ts'
import { globalId, type UserId } from '../ids.ts'
import type { Users } from '../users/users.ts'

/** Who may be in a group, and how many. */
export type GroupMembers = Readonly<{
  /** NOT_FOUND, with the id, unless all of them exist. */
  requireKnown(userIds: readonly UserId[]): Promise<void>
  /** BAD_USER_INPUT unless a group may have so many members. */
  requireRoomFor(memberCount: number): void
}>

export function createGroupMembers({
  users,
  maxMembers,
}: {
  users: Users
  maxMembers: number
}): GroupMembers {
  return {
    async requireKnown(userIds) {
      const known = await users.findMany(userIds)
      const strangerAt = known.indexOf(undefined)
      const stranger = userIds[strangerAt]
      if (stranger !== undefined) throw notFound(`User ${globalId.user(stranger)}`)
    },
    requireRoomFor(memberCount) {
      if (memberCount > maxMembers) throw badInput(`A group can have ${maxMembers} members at most`)
    },
  }
}
