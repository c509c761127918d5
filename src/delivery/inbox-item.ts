import type { LiveItem } from '../events/signal.ts'

/** Everything that was missed has been replayed. The items that follow are live. */
export type CaughtUp = Readonly<{ type: 'CaughtUp'; at: Date }>

/** The missed events cannot be replayed. Query the current state, then apply the items that follow. */
export type InboxReset = Readonly<{ type: 'InboxReset'; reason: string }>

/** An item of a stream. */
export type InboxItem = LiveItem | CaughtUp | InboxReset
