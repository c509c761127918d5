import pg from 'pg'
import { connectionConfig } from '../sql/connection-config.ts'
import { hostUrls } from '../../config/connection-url.ts'

const ROLE = 'SELECT pg_is_in_recovery() AS "isInRecovery"'

/**
 * Resolves with the URL of the host that accepts writes, for commands that connect once. A URL with one host is
 * returned without asking it. Rejects with the errors of all hosts if none accepts writes.
 */
export async function findWriterUrl(url: string): Promise<string> {
  const urls = hostUrls(url)
  const [only = url, ...others] = urls
  if (others.length === 0) return only
  const failures: unknown[] = []
  for (const candidate of urls) {
    try {
      if (!(await isInRecovery(candidate))) return candidate
      failures.push(new Error('A host is a standby, which accepts no writes'))
    } catch (error) {
      failures.push(error)
    }
  }
  throw new AggregateError(failures, 'None of the hosts in DATABASE_URL accepts writes')
}

async function isInRecovery(url: string): Promise<boolean> {
  const client = new pg.Client(connectionConfig(url, 'parley-search', { statement_timeout: '2000' }))
  // A lost connection also fails the statement in progress. Without a listener the event would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ isInRecovery: boolean }>(ROLE)
    return rows[0]?.isInRecovery !== false
  } finally {
    await client.end()
  }
}
