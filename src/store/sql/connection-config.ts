import type { ClientConfig } from 'pg'

/** PostgreSQL's configuration parameters for a session. */
export type SessionSettings = Readonly<Record<string, string>>

/** A connection's configuration. `isUnprepared`: what is behind the URL keeps no prepared statements for a session. */
export type ConnectionConfig = ClientConfig & Readonly<{ isUnprepared: boolean }>

const CONNECT_DEADLINE_MS = 2_000

/**
 * How to connect to a database: with a deadline, with the settings from the first statement on, and in UTC, without
 * which Prisma reads and writes wrong times. Throws where the URL is missing (node-postgres would silently take
 * localhost) or is none; never quotes it, as there is a password in it.
 */
export function connectionConfig(
  url: string,
  applicationName: string,
  settings: SessionSettings,
): ConnectionConfig {
  const parsed = parseUrl(url)
  // As Prisma has it: a PgBouncer that hands each transaction another session.
  const isUnprepared = parsed.searchParams.get('pgbouncer') === 'true'
  parsed.searchParams.delete('pgbouncer')
  // What the URL says itself would replace `options` below instead of adding to it.
  const given = parsed.searchParams.get('options') ?? ''
  parsed.searchParams.delete('options')
  const added = Object.entries({ ...settings, timezone: 'UTC' }).map(toOption)
  return {
    connectionString: parsed.href,
    isUnprepared,
    application_name: applicationName,
    options: [given, ...added].join(' ').trim(),
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_DEADLINE_MS,
  }
}

function toOption([name, value]: readonly [string, string]): string {
  return `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`
}

function parseUrl(url: string): URL {
  if (url === '') throw new Error('The database URL is empty.')
  if (!URL.canParse(url) || !/^postgres(ql)?:/.test(url)) {
    throw new Error('The database URL is not of the form postgresql://user:password@host:5432/database.')
  }
  return new URL(url)
}
