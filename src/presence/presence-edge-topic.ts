import { z } from 'zod'
import type { Topic } from '../bus/topic.ts'
import type { PresenceEdge } from '../events/presence-state.ts'

const edge = z
  .object({
    userId: z.string().min(1),
    online: z.boolean().nullable(),
    isExcused: z.boolean().optional(),
    lastSeenAt: z.iso
      .datetime()
      .transform((text) => new Date(text))
      .nullable(),
    asOf: z.number(),
  })
  .refine(({ online, isExcused = false }) => online !== null || isExcused)

/** Users who came online, went offline or became unknown, for a gateway where their presence is watched. */
export const presenceEdgeTopic: Topic<readonly PresenceEdge[]> = {
  field: 'edges',
  schema: z.array(edge),
  absent: undefined,
}
