import type { ClientConfig } from 'pg'
import { TYPES } from './timestamps.ts'

/** PostgreSQL's configuration parameters for a session. */
export type SessionSettings = Readonly<Record<string, string>>

/** A connection's configuration. `isUnprepared`: the server behind the URL does not keep prepared statements. */
export type ConnectionConfig = ClientConfig & Readonly<{ isUnprepared: boolean }>

/** Connecting takes four round trips, which are 3.2 s if the server is 400 ms away each way. */
const CONNECT_DEADLINE_MS = 4_000

/**
 * Returns the configuration of a connection: with a time limit, with session settings from the first statement on,
 * and in UTC, without which Prisma reads and writes wrong times. Throws if the URL is empty (node-postgres would
 * silently use localhost) or invalid. Errors never quote the URL, because it may contain a password.
 */
export function connectionConfig(
  url: string,
  applicationName: string,
  settings: SessionSettings,
): ConnectionConfig {
  const parsed = parseUrl(url)
  // Prisma's parameter for PgBouncer in transaction mode, which runs each transaction in another session.
  const isUnprepared = parsed.searchParams.get('pgbouncer') === 'true'
  parsed.searchParams.delete('pgbouncer')
  // `options` in the URL would replace the ones below instead of adding to them.
  const given = parsed.searchParams.get('options') ?? ''
  parsed.searchParams.delete('options')
  const added = Object.entries({ ...settings, timezone: 'UTC' }).map(toOption)
  return {
    connectionString: parsed.href,
    isUnprepared,
    application_name: applicationName,
    options: [given, ...added].join(' ').trim(),
    keepAlive: true,
    types: TYPES,
    connectionTimeoutMillis: CONNECT_DEADLINE_MS,
  }
}

function toOption([name, value]: readonly [string, string]): string {
  return `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`
}

function parseUrl(url: string): URL {
  if (url === '') throw new Error('The database URL is empty. Set DATABASE_URL.')
  if (!URL.canParse(url) || !/^postgres(ql)?:/.test(url)) {
    throw new Error('The database URL is not of the form postgresql://user:password@host:5432/database.')
  }
  return new URL(url)
}
