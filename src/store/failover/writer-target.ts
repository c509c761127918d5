import type { ClientBase } from 'pg'
import type { ConnectionTarget } from '../sql/connection-pool.ts'
import { NoWriterError } from '../sql/database-error.ts'
import { runStatement } from '../sql/statement.ts'
import type { Primary } from './primary.ts'
import type { TimelineFence } from './timeline-fence.ts'

// Reads no table, only the state of the server.
const ROLE = {
  name: 'server_role',
  text: `
    SELECT CASE WHEN pg_is_in_recovery() THEN NULL
      ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END AS timeline`,
}

/**
 * Leads connections to the primary. Each new connection is verified before its first use: the server may have been
 * demoted since the last check, and a proxy may lead to any server.
 */
export function createWriterTarget(
  urls: readonly string[],
  primary: Primary,
  fence: TimelineFence,
): ConnectionTarget {
  let host = 0

  async function verify(client: ClientBase): Promise<void> {
    const [row] = await runStatement<{ timeline: number | null }>(client, ROLE, [])
    const timeline = row?.timeline ?? undefined
    if (timeline !== undefined && timeline >= fence.highest()) return
    primary.recheck()
    throw new NoWriterError()
  }

  return {
    url() {
      host = primary.current()?.host ?? host
      return urls[host] ?? ''
    },
    ready: () => primary.writer(),
    verify,
    reportFailure: () => primary.recheck(),
    onMoved: (listener) => primary.onMoved(listener),
  }
}
