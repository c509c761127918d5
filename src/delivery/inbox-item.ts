import type { LiveItem } from '../events/signal.ts'

/** Everything missed has been replayed; what follows is live. */
export type CaughtUp = Readonly<{ type: 'CaughtUp'; at: Date }>

/** What was missed can't be replayed: ask for the present state by query, then go on with what follows. */
export type InboxReset = Readonly<{ type: 'InboxReset'; reason: string }>

/** What a stream delivers. */
export type InboxItem = LiveItem | CaughtUp | InboxReset
