import type { Session } from './session.ts'

/*
 * What devices acknowledged may lie beyond the end of logs that were set back, and what is said next gets numbers that
 * they have seen already: they would take it for old. So nobody's position counts any more. Every device that is known
 * is marked as forgotten, and the row in `restorations` makes one that is not known come as forgotten too, for it may
 * have registered in the time that was lost: each begins with InboxReset. Locks device_positions against everybody, then
 * all rows of devices, for as long as the transaction lasts.
 */
const FORGET_POSITIONS = 'TRUNCATE device_positions'
const FORGET_DEVICES = 'UPDATE devices SET is_forgotten = true WHERE NOT is_forgotten'
const REMEMBER = 'INSERT INTO restorations (at) VALUES (clock_timestamp())'

/** Lets every device begin anew, in the session's transaction: what it holds may be what the logs have no more. */
export async function startNewHistory({ client }: Session): Promise<void> {
  await client.query(FORGET_POSITIONS)
  await client.query(FORGET_DEVICES)
  await client.query(REMEMBER)
}
