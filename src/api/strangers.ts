import { ParleyError } from '../errors.ts'
import type { UserId } from '../ids.ts'
import type { Services } from './services.ts'

type Needed = Pick<Services, 'presence' | 'operationAdmission'>

/** The most users that a group can have, and so the most that a change of members looks for. */
const MAX_NAMED = 1_024

/**
 * Returns those of the users who share no chat with the viewer, and charges them to the viewer's quota. They count
 * whether they exist or not, by the same statement, so that neither the quota nor the time says anything about them.
 *
 * `error` is RATE_LIMITED if the viewer has named too many strangers. Then nothing may be said about `strangers`.
 */
export async function chargeStrangers(
  { presence, operationAdmission }: Needed,
  viewerId: UserId,
  ids: readonly UserId[],
): Promise<Readonly<{ strangers: ReadonlySet<UserId>; error: ParleyError | undefined }>> {
  const known = await presence.acquaintances(viewerId, ids)
  const strangers = new Set(ids).difference(known)
  strangers.delete(viewerId)
  try {
    operationAdmission.admitStrangers(viewerId, strangers.size)
    return { strangers, error: undefined }
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error
    return { strangers, error }
  }
}

/**
 * Call it before a change that answers NOT_FOUND for a user who does not exist. Such a change finds users as a query
 * does, so a guess costs the same.
 *
 * Errors: RATE_LIMITED – the viewer has named too many users without a common chat.
 */
export async function admitNamedUsers(
  services: Needed,
  viewerId: UserId,
  ids: readonly UserId[],
): Promise<void> {
  const others = [...new Set(ids)].filter((id) => id !== viewerId)
  // More are rejected before the change looks for one of them.
  if (others.length === 0 || others.length > MAX_NAMED) return
  const { error } = await chargeStrangers(services, viewerId, others)
  if (error !== undefined) throw error
}
