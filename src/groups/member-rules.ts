import { badInput, notFound } from '../errors.ts'
import { globalId, type UserId } from '../ids.ts'
import type { Users } from '../users/users.ts'

/** Rules for the members of a group. */
export type MemberRules = Readonly<{
  /** Errors: NOT_FOUND – one of the users does not exist; the text names the id. */
  requireExisting(userIds: readonly UserId[]): Promise<void>
  /** Errors: BAD_USER_INPUT – more members than a group may have. */
  requireCapacityFor(memberCount: number): void
}>

export function createMemberRules({ users, maxMembers }: { users: Users; maxMembers: number }): MemberRules {
  return {
    async requireExisting(userIds) {
      const found = await users.findMany(userIds)
      const missing = userIds[found.indexOf(undefined)]
      if (missing !== undefined) throw notFound(`User ${globalId.user(missing)}`)
    },
    requireCapacityFor(memberCount) {
      if (memberCount > maxMembers) throw badInput(`A group can have ${maxMembers} members at most`)
    },
  }
}
