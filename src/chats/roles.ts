import { forbidden, notFound } from '../errors.ts'
import type { Member, MemberRole } from '../events/chat.ts'

const RANK = { MEMBER: 0, ADMIN: 1, OWNER: 2 } as const satisfies Record<MemberRole, number>

/** What of a membership rights depend on. */
export type MemberAccess = Pick<Member, 'role' | 'leftSeq'>

/** Whether somebody of the one role may touch somebody of the other. */
export function outranks(role: MemberRole, other: MemberRole): boolean {
  return RANK[role] > RANK[other]
}

/** The standing of somebody who acts: NOT_FOUND if the chat was never theirs, FORBIDDEN if it no longer is. */
export function requirePresent<Someone extends MemberAccess>(actor: Someone | undefined): Someone {
  if (actor === undefined) throw notFound('Chat')
  if (actor.leftSeq !== null) throw forbidden('You are not a member of this chat any more')
  return actor
}

/** `to` completes "Only … can …". */
export function requireRank({ role }: MemberAccess, needed: 'ADMIN' | 'OWNER', to: string): void {
  if (RANK[role] >= RANK[needed]) return
  throw forbidden(`Only ${needed === 'OWNER' ? 'owners' : 'owners and admins'} of a group can ${to}`)
}
