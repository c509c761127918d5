import type { OpenGrant } from './open-streams.ts'
import type { PresenceGrant, VisibilityStore } from './visibility-store.ts'

/** Asks which of these sights are allowed now. */
export type AccessCheck = (sights: readonly OpenGrant[]) => Promise<(sight: OpenGrant) => boolean>

/** A statement about so many takes some hundredths of a second, however many watch. */
const SIGHTS_AT_ONCE = 2_000

export function createAccessCheck(visibility: VisibilityStore): AccessCheck {
  return async (sights) => {
    const allowed = new Set<string>()
    for (let first = 0; first < sights.length; first += SIGHTS_AT_ONCE) {
      const asked = sights.slice(first, first + SIGHTS_AT_ONCE).map(toSight)
      for (const sight of await visibility.allowed(asked)) allowed.add(keyOf(sight))
    }
    return (sight) => allowed.has(keyOf(toSight(sight)))
  }
}

function toSight({ stream: { viewerId }, userId }: OpenGrant): PresenceGrant {
  return { viewerId, userId }
}

function keyOf({ viewerId, userId }: PresenceGrant): string {
  return JSON.stringify([viewerId, userId])
}
