import { badInput, notFound } from '../errors.ts'
import { globalId, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import type { Users } from '../users/users.ts'

/** Rules for the members of a group. */
export type MemberRules = Readonly<{
  /** Errors: NOT_FOUND – one of the users does not exist, or is the system user; the text names the id. */
  requireExisting(userIds: readonly UserId[]): Promise<void>
  /** Errors: as `requireExisting`, for `userIds` of which `existing` exist. */
  requireAllOf(userIds: readonly UserId[], existing: ReadonlySet<UserId>): void
  /** Errors: BAD_USER_INPUT – more members than a group may have. */
  requireCapacityFor(memberCount: number): void
}>

export function createMemberRules({ users, maxMembers }: { users: Users; maxMembers: number }): MemberRules {
  function requireAllOf(userIds: readonly UserId[], existing: ReadonlySet<UserId | undefined>): void {
    const missing = userIds.find((userId) => userId === SYSTEM_USER_ID || !existing.has(userId))
    if (missing !== undefined) throw notFound(`User ${globalId.user(missing)}`)
  }

  return {
    async requireExisting(userIds) {
      const found = await users.findMany(userIds)
      requireAllOf(userIds, new Set(found.map((user) => user?.id)))
    },
    requireAllOf,
    requireCapacityFor(memberCount) {
      if (memberCount > maxMembers) throw badInput(`A group can have ${maxMembers} members at most`)
    },
  }
}
