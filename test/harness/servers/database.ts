import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

/** A database of one's own. */
export type TestDatabase = Readonly<{ url: string }> & AsyncDisposable

/** A migrated database without rows. Disposing it drops it, with whoever is still connected to it. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createFrom('parley')
}

/** A database that nobody has migrated. */
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

/** A connection of one's own, past Parley. */
export type TestConnection = Readonly<{ client: pg.Client }> & AsyncDisposable

/** Connects as Parley's own role. */
export async function connect(url: string): Promise<TestConnection> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

/** Connects as one who may do everything. */
export function connectAsSuperuser(url: string): Promise<TestConnection> {
  const address = new URL(url)
  address.username = 'postgres'
  return connect(address.href)
}

/** Runs SQL as Parley's own role, past Parley; answers with the rows. */
export async function query<Row extends object>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  await using connection = await connect(url)
  return (await connection.client.query<Row>(sql, [...values])).rows
}

/** Runs SQL that Parley's own role may not. */
async function asSuperuser(sql: string): Promise<void> {
  const url = new URL(inject('postgresUrl'))
  url.pathname = '/postgres'
  await using connection = await connectAsSuperuser(url.href)
  await connection.client.query(sql)
}
