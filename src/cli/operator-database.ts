import { loadConfig } from '../config/load-config.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../store/embedded/embedded-postgres.ts'
import { embeddedState } from '../store/embedded/running-url.ts'
import { findWriterUrl } from '../store/failover/find-writer.ts'
import { reachDatabase } from '../store/reach-database.ts'
import type { Process } from './verb.ts'

/** The URL of one host that takes writes, for as long as it is used. */
export type OperatorDatabase = Readonly<{ url: string }> & AsyncDisposable

type Wish = Readonly<{
  env: Process['env']
  signal: AbortSignal
  /**
   * `existing`: it has to be there, and the instance of an embedded one may go on with it. `unused`: an embedded one is made
   * where there is none, and no instance may run on it.
   */
  needs: 'existing' | 'unused'
}>

/**
 * The database that the environment means. An embedded one whose instance is not running is started, and stopped when it
 * is disposed of. Throws ConfigError, UnreachableError, and EmbeddedPostgresError where somebody else is using it.
 */
export async function openOperatorDatabase({ env, signal, needs }: Wish): Promise<OperatorDatabase> {
  const { config, secrets } = loadConfig(env)
  const { databaseUrl } = secrets
  if (databaseUrl !== undefined) {
    await reachDatabase(databaseUrl, { retryForMs: 0 })
    return { url: await findWriterUrl(databaseUrl), [Symbol.asyncDispose]: () => Promise.resolve() }
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
      return { url: state.url, [Symbol.asyncDispose]: () => Promise.resolve() }
    case 'stopped':
      return startEmbeddedPostgres({ dataDir, signal })
    case 'absent':
      throw new Error(
        `There is no database in ${dataDir}. Name the folder of yours in DATA_DIR, or set DATABASE_URL.`,
      )
    default:
      return state satisfies never
  }
}
