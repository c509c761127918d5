import type { ReplicationPolicy } from '../../config/config.ts'
import type { Replication, ServerState } from './server-state.ts'

/** Sends are stopped, because what they store would not be safe; nothing was tried. */
export class UnsafeReplicationError extends Error {
  override readonly name = 'UnsafeReplicationError'
}

/** What is wrong with a primary's replication, in a sentence that says what it risks; undefined where nothing is. */
export function replicationRisk({
  isSynchronous,
  standbys,
  synchronousStandbys,
}: Replication): string | undefined {
  if (standbys === 0 && isSynchronous) {
    return 'No standby is connected: commits wait for one, and sends are not answered until it is back.'
  }
  if (standbys === 0)
    return 'There is no standby: if this server is lost, everything since the last backup is.'
  if (!isSynchronous) {
    return 'Replication is asynchronous: if the primary dies, the newest messages that were answered as sent are lost.'
  }
  if (synchronousStandbys === 0) {
    return 'None of the standbys is synchronous: commits wait for one, and sends are not answered until it is there.'
  }
  return undefined
}

/** Throws UnsafeReplicationError where the policy is strict, and what is committed now might be lost. */
export function requireReplication(policy: ReplicationPolicy, state: ServerState | undefined): void {
  if (policy === 'available' || state === undefined) return
  const risk = replicationRisk(state.replication)
  if (risk !== undefined) throw new UnsafeReplicationError(risk)
}
