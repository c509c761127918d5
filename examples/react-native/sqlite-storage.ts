import type { ClientStorage } from '@parley/client'

type Run = (sql: string, ...values: (string | number)[]) => Promise<unknown>

/** The little that the storage needs of a SQLite library. */
export type Database = Readonly<{
  all(sql: string, ...values: string[]): Promise<unknown[]>
  /** Makes all changes of `work` or none. */
  transaction(work: (run: Run) => Promise<void>): Promise<void>
}>

/** Returns a storage in a table of a SQLite database. Values are kept as JSON. */
export async function sqliteStorage(database: Database): Promise<ClientStorage> {
  await database.transaction(async (run) => {
    await run('CREATE TABLE IF NOT EXISTS parley (key TEXT PRIMARY KEY, value TEXT NOT NULL)')
  })
  return {
    async get<Value>(key: string) {
      const rows = await database.all('SELECT value FROM parley WHERE key = ?', key)
      const [row] = rows as { value: string }[]
      return row === undefined ? undefined : (JSON.parse(row.value) as Value)
    },
    async write(changes) {
      await database.transaction(async (run) => {
        for (const [key, value] of changes) {
          if (value === undefined) await run('DELETE FROM parley WHERE key = ?', key)
          else
            await run('INSERT OR REPLACE INTO parley (key, value) VALUES (?, ?)', key, JSON.stringify(value))
        }
      })
    },
    async keys(prefix) {
      const rows = await database.all('SELECT key FROM parley ORDER BY key')
      return (rows as { key: string }[]).map(({ key }) => key).filter((key) => key.startsWith(prefix))
    },
    close: async () => undefined,
  }
}
