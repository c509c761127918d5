import { migrate } from '../store/migrations/migrate.ts'
import { startNewHistory } from './start-new-history.ts'
import { beginRestore, commit, openSession } from './session.ts'

/**
 * For a database that was set back by other means than `restore`: a recovery to a point in time, or a failover that lost
 * something. Applies what is missing of the migrations first, since what was set back may be of an older Parley.
 */
export async function resetDevices(url: string, signal: AbortSignal): Promise<void> {
  await migrate({ url })
  await using session = await openSession(url, 'parley-restore', signal)
  await beginRestore(session)
  await startNewHistory(session)
  await commit(session)
}
