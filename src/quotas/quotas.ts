/** A limit for one user: `burst` operations at once, and `perSecond` more from then on. */
export type Quota = Readonly<{ burst: number; perSecond: number }>

/**
 * The quotas of one user. People never reach them; runaway programs do. The bursts are large because an app that was
 * offline sends everything at once, and reconnects several times in a row.
 */
export const QUOTAS = {
  /** Messages. */
  send: { burst: 500, perSecond: 20 },
  /** Edits, deletions, reactions, session renewals. */
  change: { burst: 300, perSecond: 10 },
  /** markDelivered, markRead. */
  receipt: { burst: 1_000, perSecond: 50 },
  /** Announced files. UPLOAD_BYTES_PER_DAY limits their bytes. */
  upload: { burst: 100, perSecond: 1 },
  /** Creating chats, changing their members or names. */
  group: { burst: 200, perSecond: 2 },
  /** In units of 500 fields that the query can return, rounded up. */
  query: { burst: 1_000, perSecond: 100 },
  /** Users named by id who share no chat with the viewer, against listing all users by guessed ids. */
  stranger: { burst: 500, perSecond: 1 },
  subscription: { burst: 300, perSecond: 5 },
  /** Heartbeats, typing. */
  presence: { burst: 200, perSecond: 5 },
} as const satisfies Record<string, Quota>

export type CostClass = keyof typeof QUOTAS
