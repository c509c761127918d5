import { migrate } from '../store/migrations/migrate.ts'
import { type BackupConnection, beginRestore, commit, openConnection } from './connection.ts'

/**
 * Makes every device start again with InboxReset, for a database that was set back by other means than `restore`: a
 * point-in-time recovery, or a failover that lost writes. Applies pending migrations first, because the recovered
 * database may be of an older version.
 */
export async function resetDevices(url: string, signal: AbortSignal): Promise<void> {
  await migrate({ url })
  await using connection = await openConnection(url, 'parley-restore', signal)
  await beginRestore(connection)
  await forgetDevices(connection)
  await commit(connection)
}

/*
 * After the logs were set back, a device may have acknowledged seqs that the logs no longer have. New events get
 * these seqs again, and the device would ignore them as old. So all positions are deleted and every known device is
 * marked as forgotten. The row in `restorations` makes unknown devices count as forgotten too: they may have
 * registered in the time that was lost. The same holds for pushes: a device would count as notified about a seq that is
 * given again. Locks device_positions and pushes exclusively, and all rows of devices, until the transaction ends.
 */
const DELETE_POSITIONS = 'TRUNCATE device_positions'
/** A backup of an older version has no such table yet. */
const FORGET_PUSHES = `DO $$ BEGIN
  IF to_regclass('pushes') IS NOT NULL THEN TRUNCATE pushes; END IF;
END $$`
const FORGET_DEVICES = 'UPDATE devices SET is_forgotten = true WHERE NOT is_forgotten'
const RECORD_RESTORATION = 'INSERT INTO restorations (at) VALUES (clock_timestamp())'

/** Makes every device start again with InboxReset, in the transaction of the connection. */
export async function forgetDevices({ client }: BackupConnection): Promise<void> {
  await client.query(DELETE_POSITIONS)
  await client.query(FORGET_PUSHES)
  await client.query(FORGET_DEVICES)
  await client.query(RECORD_RESTORATION)
}
