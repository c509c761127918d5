import { badInput, notFound } from '../errors.ts'
import { globalId, type UserId } from '../ids.ts'
import type { Users } from '../users/users.ts'

/** Who may be in a group, and how many. */
export type MemberRules = Readonly<{
  /** NOT_FOUND, with the id, unless all of them exist. */
  requireExisting(userIds: readonly UserId[]): Promise<void>
  /** BAD_USER_INPUT unless a group may have so many members. */
  requireCapacityFor(memberCount: number): void
}>

export function createMemberRules({ users, maxMembers }: { users: Users; maxMembers: number }): MemberRules {
  return {
    async requireExisting(userIds) {
      const known = await users.findMany(userIds)
      const strangerAt = known.indexOf(undefined)
      const stranger = userIds[strangerAt]
      if (stranger !== undefined) throw notFound(`User ${globalId.user(stranger)}`)
    },
    requireCapacityFor(memberCount) {
      if (memberCount > maxMembers) throw badInput(`A group can have ${maxMembers} members at most`)
    },
  }
}
