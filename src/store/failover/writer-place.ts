import type { ClientBase } from 'pg'
import type { ConnectionPlace } from '../sql/connection-pool.ts'
import { NoWriterError } from '../sql/no-writer-error.ts'
import type { Primary } from './primary.ts'
import { runStatement } from '../sql/statement.ts'
import type { TimelineFence } from './timeline-fence.ts'

// Nothing of a table: looks at the server alone.
const ROLE = {
  name: 'server_role',
  text: `
    SELECT CASE WHEN pg_is_in_recovery() THEN NULL
      ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END AS timeline`,
}

/**
 * Where the connections of those lead who need the primary. Each new one is asked what it has come to before it is
 * used: between a look and the connection a server may have been demoted, and a proxy may lead anywhere.
 */
export function createWriterPlace(
  urls: readonly string[],
  primary: Primary,
  fence: TimelineFence,
): ConnectionPlace {
  let host = 0

  async function verify(client: ClientBase): Promise<void> {
    const [row] = await runStatement<{ timeline: number | null }>(client, ROLE, [])
    const timeline = row?.timeline ?? undefined
    if (timeline !== undefined && timeline >= fence.highest()) return
    primary.lookAgain()
    throw new NoWriterError()
  }

  return {
    url() {
      host = primary.current()?.host ?? host
      return urls[host] ?? ''
    },
    ready: () => primary.writer(),
    verify,
    doubt: () => primary.lookAgain(),
    onMoved: (listener) => primary.onMoved(listener),
  }
}
