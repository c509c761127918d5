import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

/** A migrated, empty database of one's own. */
export type ProvidedDatabase = Readonly<{ url: string }> & AsyncDisposable

/** Copies the pattern; disposing it drops the copy, with whoever is still connected to it. */
export async function provideDatabase(): Promise<ProvidedDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await asSuperuser(`CREATE DATABASE ${name} TEMPLATE parley OWNER parley`)
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${name}`
  return { url: url.href, [Symbol.asyncDispose]: () => asSuperuser(`DROP DATABASE ${name} WITH (FORCE)`) }
}

/** Runs SQL that Parley's own role may not. */
async function asSuperuser(sql: string): Promise<void> {
  const url = new URL(inject('postgresUrl'))
  url.username = 'postgres'
  url.pathname = '/postgres'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
