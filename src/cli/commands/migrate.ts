import { loadConfig } from '../../config/load-config.ts'
import { startEmbeddedPostgres } from '../../store/embedded/embedded-postgres.ts'
import { findWriterUrl } from '../../store/failover/find-writer.ts'
import { migrate } from '../../store/migrations/migrate.ts'
import { reachDatabase } from '../../store/reach-database.ts'
import type { Process, RunCommand } from '../process.ts'

type Input = Readonly<{ retry: boolean }>

/**
 * Applies missing migrations and prints each when it is done. If one fails, those before it stay applied. Throws
 * MigrationError, UnreachableError, and EmbeddedPostgresError if a gateway is running on the embedded database.
 */
export const migrateDatabase: RunCommand<Input> = async (process, input) => {
  const { config, secrets } = loadConfig(process.env)
  if (secrets.databaseUrl !== undefined) return migrateAt(secrets.databaseUrl, input, process)
  const database = await startEmbeddedPostgres({ dataDir: config.dataDir })
  try {
    return await migrateAt(database.url, input, process)
  } finally {
    await database.stop()
  }
}

async function migrateAt(url: string, { retry }: Input, { print, notice }: Process): Promise<number> {
  await reachDatabase(url, { retryForMs: 0 })
  const { applied, unknown } = await migrate({
    url: await findWriterUrl(url),
    retryFailed: retry,
    onApplied: (name) => print(`applied ${name}`),
  })
  if (applied.length === 0) print('Nothing to do: the database has every migration.')
  for (const name of unknown) {
    notice(`! ${name} is in the database but not in this version: a newer Parley applied it.`)
  }
  return 0
}
