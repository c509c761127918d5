import type { PresenceState } from '../events/presence-state.ts'

/** What a gateway knows of people at present: of nobody; of those who are online, while others may be silent only; all. */
export type Confidence = 'nothing' | 'online' | 'everything'

/** What may be said of somebody whom the store has seen like this. */
export function withConfidence<Seen extends PresenceState>(sighting: Seen, knowledge: Confidence): Seen {
  if (knowledge === 'everything') return sighting
  if (knowledge === 'nothing') return { ...sighting, online: null }
  return sighting.online === false ? { ...sighting, online: null, isExcused: true } : sighting
}
