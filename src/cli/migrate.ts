import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Secrets } from '../config/secrets.ts'
import { startEmbeddedPostgres } from '../store/embedded-postgres.ts'
import { migrate } from '../store/migrate.ts'
import type { Process, RunVerb } from './verb.ts'

/** Applies what is missing and prints each as it is done. Where one fails, those before it stay applied. */
export const migrateDatabase: RunVerb = async ({}, process) => {
  const { config, secrets } = loadConfig(process.env)
  await using database = await openDatabase(config, secrets)
  return migrateAt(database.url, process)
}

async function migrateAt(url: string, { print, notice }: Process): Promise<number> {
  const { applied, edited, unknown } = await migrate({ url, onApplied: (name) => print(`applied ${name}`) })
  if (applied.length === 0) print('Nothing to do: the database has every migration.')
  for (const name of edited) notice(`! ${name} was edited after it had been applied: put it back, and write a new one.`)
  for (const name of unknown) notice(`! ${name} is in the database but not here: a newer Parley has been at work.`)
  return 0
}
