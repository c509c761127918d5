import type { ReplicationPolicy } from '../../config/config.ts'
import type { Replication, ServerState } from './server-state.ts'

/** Thrown instead of a write that would not survive the loss of the primary. Nothing was tried. */
export class UnsafeReplicationError extends Error {
  override readonly name = 'UnsafeReplicationError'
}

/** A sentence about the data that the loss of the primary would cost. Undefined: none. */
export function replicationRisk({
  isSynchronous,
  standbys,
  synchronousStandbys,
}: Replication): string | undefined {
  if (standbys === 0 && isSynchronous) {
    return 'No standby is connected: commits wait for one, and sends are not answered until it is back.'
  }
  if (standbys === 0)
    return 'There is no standby: if this server is lost, everything since the last backup is lost.'
  if (!isSynchronous) {
    return 'Replication is asynchronous: if the primary dies, the newest messages that were answered as sent are lost.'
  }
  if (synchronousStandbys === 0) {
    return 'None of the standbys is synchronous: commits wait for one, and sends are not answered until it is there.'
  }
  return undefined
}

/** Throws UnsafeReplicationError if the policy is strict and a commit might be lost. */
export function requireReplication(policy: ReplicationPolicy, state: ServerState | undefined): void {
  if (policy === 'available' || state === undefined) return
  const risk = replicationRisk(state.replication)
  if (risk !== undefined) throw new UnsafeReplicationError(risk)
}
