import { loadConfig } from '../config/load-config.ts'
import { startEmbeddedPostgres } from '../store/embedded/embedded-postgres.ts'
import { findWriterUrl } from '../store/failover/find-writer.ts'
import { migrate } from '../store/migrations/migrate.ts'
import { reachDatabase } from '../store/reach-database.ts'
import type { Arguments, Process, RunVerb } from './verb.ts'

/**
 * Applies what is missing and prints each as it is done. Where one fails, those before it stay applied. Throws
 * MigrationError, UnreachableError, and EmbeddedPostgresError where an instance is running on the embedded database.
 */
export const migrateDatabase: RunVerb = async (args, process) => {
  const { config, secrets } = loadConfig(process.env)
  if (secrets.databaseUrl !== undefined) return migrateAt(secrets.databaseUrl, args, process)
  const database = await startEmbeddedPostgres({ dataDir: config.dataDir })
  try {
    return await migrateAt(database.url, args, process)
  } finally {
    await database.stop()
  }
}

async function migrateAt(url: string, { values }: Arguments, { print, notice }: Process): Promise<number> {
  await reachDatabase(url, { retryForMs: 0 })
  const retryFailed = values['retry'] === 'true'
  const { applied, unknown } = await migrate({
    url: await findWriterUrl(url),
    retryFailed,
    onApplied: (name) => print(`applied ${name}`),
  })
  if (applied.length === 0) print('Nothing to do: the database has every migration.')
  for (const name of unknown)
    notice(`! ${name} is in the database but not here: a newer Parley has been at work.`)
  return 0
}
