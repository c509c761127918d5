import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

/** A database for one test. */
export type TestDatabase = Readonly<{ url: string }> & AsyncDisposable

/** Creates a migrated database without rows. Disposing drops it and ends its connections. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createFrom('parley')
}

/** Creates a database without migrations. */
export function createEmptyTestDatabase(): Promise<TestDatabase> {
  return createFrom('template1')
}

async function createFrom(template: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await asSuperuser(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER parley`)
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${name}`
  return { url: url.href, [Symbol.asyncDispose]: () => asSuperuser(`DROP DATABASE ${name} WITH (FORCE)`) }
}

/** A direct connection to the database, not through Parley. */
export type TestConnection = Readonly<{ client: pg.Client }> & AsyncDisposable

/** Connects as the role that Parley uses. */
export async function connect(url: string): Promise<TestConnection> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

/** Connects as the superuser. */
export function connectAsSuperuser(url: string): Promise<TestConnection> {
  const address = new URL(url)
  address.username = 'postgres'
  return connect(address.href)
}

/** Runs SQL as the role that Parley uses, on a new connection. Returns the rows. */
export async function query<Row extends object>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  await using connection = await connect(url)
  return (await connection.client.query<Row>(sql, [...values])).rows
}

/** Runs SQL as the superuser. */
async function asSuperuser(sql: string): Promise<void> {
  const url = new URL(inject('postgresUrl'))
  url.pathname = '/postgres'
  await using connection = await connectAsSuperuser(url.href)
  await connection.client.query(sql)
}
