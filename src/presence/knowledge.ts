import type { Sighting } from './sighting.ts'

/** What a gateway knows of people at present: of nobody; of those who are online, while others may be silent only; all. */
export type Knowledge = 'nothing' | 'online' | 'everything'

/** What may be said of somebody whom the store has seen like this. */
export function asFarAsKnown<Seen extends Sighting>(sighting: Seen, knowledge: Knowledge): Seen {
  if (knowledge === 'everything') return sighting
  if (knowledge === 'nothing') return { ...sighting, online: null }
  return sighting.online === false ? { ...sighting, online: null, isExcused: true } : sighting
}
