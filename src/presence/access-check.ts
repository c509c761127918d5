import type { OpenGrant } from './open-streams.ts'
import type { PresenceGrant, VisibilityStore } from './visibility-store.ts'

/** Checks which of these grants the database allows now. */
export type AccessCheck = (grants: readonly OpenGrant[]) => Promise<(grant: OpenGrant) => boolean>

/** A statement about this many grants takes some hundredths of a second, however many viewers there are. */
const MAX_GRANTS_PER_STATEMENT = 2_000

export function createAccessCheck(visibility: VisibilityStore): AccessCheck {
  return async (grants) => {
    const allowed = new Set<string>()
    for (let first = 0; first < grants.length; first += MAX_GRANTS_PER_STATEMENT) {
      const checked = grants.slice(first, first + MAX_GRANTS_PER_STATEMENT).map(toPresenceGrant)
      for (const grant of await visibility.allowed(checked)) allowed.add(keyOf(grant))
    }
    return (grant) => allowed.has(keyOf(toPresenceGrant(grant)))
  }
}

function toPresenceGrant({ stream: { viewerId }, userId }: OpenGrant): PresenceGrant {
  return { viewerId, userId }
}

function keyOf({ viewerId, userId }: PresenceGrant): string {
  return JSON.stringify([viewerId, userId])
}
