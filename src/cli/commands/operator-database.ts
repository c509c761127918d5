import { loadConfig } from '../../config/load-config.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../store/embedded/embedded-postgres.ts'
import { embeddedState } from '../../store/embedded/running-url.ts'
import { findWriterUrl } from '../../store/failover/find-writer.ts'
import { reachDatabase } from '../../store/reach-database.ts'
import type { Process } from '../process.ts'

/** The URL of the host that accepts writes. Disposing stops an embedded database that was started for it. */
export type OperatorDatabase = Readonly<{ url: string }> & AsyncDisposable

type Options = Readonly<{
  env: Process['env']
  signal: AbortSignal
  /**
   * `existing`: the database must exist, and a gateway may be running on it. `unused`: an embedded database is created
   * if there is none, and no gateway may be running on it.
   */
  needs: 'existing' | 'unused'
}>

/**
 * Opens the database that the environment names. Starts an embedded one unless its gateway is running. Throws
 * ConfigError, UnreachableError, and EmbeddedPostgresError if another process uses it.
 */
export async function openOperatorDatabase({ env, signal, needs }: Options): Promise<OperatorDatabase> {
  const { config, secrets } = loadConfig(env)
  const { databaseUrl } = secrets
  if (databaseUrl !== undefined) {
    await reachDatabase(databaseUrl, { retryForMs: 0 })
    return borrowed(await findWriterUrl(databaseUrl))
  }
  const { dataDir } = config
  return needs === 'unused' ? startEmbeddedPostgres({ dataDir, signal }) : openEmbedded(dataDir, signal)
}

async function openEmbedded(
  dataDir: string,
  signal: AbortSignal,
): Promise<OperatorDatabase | EmbeddedPostgres> {
  const state = await embeddedState(dataDir)
  switch (state.type) {
    case 'running':
      return borrowed(state.url)
    case 'stopped':
      return startEmbeddedPostgres({ dataDir, signal })
    case 'absent':
      throw new Error(`There is no database in ${dataDir}. Set DATA_DIR to its folder, or set DATABASE_URL.`)
    default:
      return state satisfies never
  }
}

/** A database that another process runs. */
function borrowed(url: string): OperatorDatabase {
  return { url, [Symbol.asyncDispose]: () => Promise.resolve() }
}
