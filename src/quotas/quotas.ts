/** An allowance of one person: `burst` at once, and `perSecond` again from then on. */
export type Quota = Readonly<{ burst: number; perSecond: number }>

/**
 * What one person may do. A person never meets any of these; programs that run away do. Apps that were offline send
 * everything at once, and reconnect several times in a row: hence the bursts.
 */
export const QUOTAS = {
  /** Messages. */
  send: { burst: 500, perSecond: 20 },
  /** Edits, deletions, reactions, renewals of the session. */
  change: { burst: 300, perSecond: 10 },
  /** markDelivered, markRead. */
  receipt: { burst: 1_000, perSecond: 50 },
  /** Making chats, and changing who is in them or what they are called. */
  group: { burst: 200, perSecond: 2 },
  /** In units: one for each 25 fields, or part of them, that a query asks for; a page counts per 20 of its items. */
  query: { burst: 1_000, perSecond: 100 },
  subscription: { burst: 300, perSecond: 5 },
  /** Heartbeats, typing. */
  presence: { burst: 200, perSecond: 5 },
} as const satisfies Record<string, Quota>

export type CostClass = keyof typeof QUOTAS
