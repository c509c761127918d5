import pg from 'pg'
import { connectionConfig } from '../sql/connection-config.ts'
import { hostUrls } from './host-urls.ts'

const ROLE = 'SELECT pg_is_in_recovery() AS "isInRecovery"'

/**
 * The URL of the one host that takes writes, for programs that come, do one thing, and go. Where a URL names one host
 * it is that one, unasked. Rejects with what the hosts said where none takes writes.
 */
export async function findWriterUrl(url: string): Promise<string> {
  const urls = hostUrls(url)
  const [only = url, ...others] = urls
  if (others.length === 0) return only
  const failures: unknown[] = []
  for (const candidate of urls) {
    try {
      if (!(await isInRecovery(candidate))) return candidate
      failures.push(new Error('A host is a standby, which takes no writes'))
    } catch (error) {
      failures.push(error)
    }
  }
  throw new AggregateError(failures, 'None of the hosts in DATABASE_URL takes writes')
}

async function isInRecovery(url: string): Promise<boolean> {
  const client = new pg.Client(connectionConfig(url, 'parley-search', { statement_timeout: '2000' }))
  // A connection that breaks fails the statement under way; the event says it a second time.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ isInRecovery: boolean }>(ROLE)
    return rows[0]?.isInRecovery !== false
  } finally {
    await client.end()
  }
}
