import { forbidden, notFound } from '../errors.ts'
import type { Member, MemberRole } from '../events/chat.ts'
import { SYSTEM_USER_ID, type UserId } from '../ids.ts'

const RANK = { MEMBER: 0, ADMIN: 1, OWNER: 2 } as const satisfies Record<MemberRole, number>

/** The part of a membership that decides the member's rights. `leftSeq` is null for a present member. */
export type MemberAccess = Pick<Member, 'role' | 'leftSeq'>

/** Returns whether a member with `role` may remove a member with the role `other`. */
export function outranks(role: MemberRole, other: MemberRole): boolean {
  return RANK[role] > RANK[other]
}

/**
 * Returns the actor's membership.
 *
 * Errors:
 * - NOT_FOUND – the actor was never a member.
 * - FORBIDDEN – the actor has left.
 */
export function requirePresent<Actor extends MemberAccess>(actor: Actor | undefined): Actor {
  if (actor === undefined) throw notFound('Chat')
  if (actor.leftSeq !== null) throw forbidden('You are not a member of this chat any more')
  return actor
}

/** Returns whether the actor is the product's backend, which may do what an owner may, and is no member. */
export function isSystem(actorId: UserId): boolean {
  return actorId === SYSTEM_USER_ID
}

/** The rights of the product's backend. */
export const SYSTEM_ACCESS: MemberAccess = { role: 'OWNER', leftSeq: null }

/**
 * Checks the actor's role. `action` completes "Only owners of a group can …".
 *
 * Errors: FORBIDDEN – the role is lower than `needed`.
 */
export function requireRank({ role }: MemberAccess, needed: 'ADMIN' | 'OWNER', action: string): void {
  if (RANK[role] >= RANK[needed]) return
  throw forbidden(`Only ${needed === 'OWNER' ? 'owners' : 'owners and admins'} of a group can ${action}`)
}
