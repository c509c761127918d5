import type { ReplicationPolicy } from '../../config/config.ts'
import { hostUrls } from '../../config/connection-url.ts'
import type { LoadedConfig } from '../../config/load-config.ts'
import { messageOf } from '../../lib/error-info.ts'
import { redactText } from '../../telemetry/redact.ts'
import { describeConnectError } from '../../store/reach-database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../store/embedded/embedded-postgres.ts'
import { embeddedState } from '../../store/embedded/running-url.ts'
import { inspectDatabase } from '../../store/migrations/inspect.ts'
import { migrationStatus } from '../../store/migrations/migrate.ts'
import { type Finding, ok, problem } from './finding.ts'
import { checkHosts, checkMigrations, checkReplication, checkServer, type HostRole } from './server-checks.ts'

/** Checks the database that the configuration names. Starts an embedded one for the time of the checks. */
export async function* checkDatabase({ config, secrets }: LoadedConfig): AsyncGenerator<Finding> {
  if (secrets.databaseUrl !== undefined) yield* checkExternal(secrets.databaseUrl, config.replicationPolicy)
  else yield* checkEmbedded(config.dataDir)
}

/** If a gateway is running on it, its server is checked without taking its lock. */
async function* checkEmbedded(dataDir: string): AsyncGenerator<Finding> {
  const state = await embeddedState(dataDir)
  switch (state.type) {
    case 'running':
      yield ok(`the embedded database in ${dataDir} is running`)
      yield* checkAt(state.url)
      return
    case 'absent':
      yield ok(`the embedded database will be created in ${dataDir} at the first start`)
      return
    case 'stopped':
      yield* checkStopped(dataDir)
      return
    default:
      state satisfies never
  }
}

async function* checkStopped(dataDir: string): AsyncGenerator<Finding> {
  let database: EmbeddedPostgres
  try {
    database = await startEmbeddedPostgres({ dataDir })
  } catch (error) {
    yield problem(`the embedded database in ${dataDir} does not start`, redactText(messageOf(error)))
    return
  }
  try {
    yield ok(`the embedded database in ${dataDir} starts`)
    yield* checkAt(database.url)
  } finally {
    await database.stop()
  }
}

async function* checkExternal(url: string, policy: ReplicationPolicy): AsyncGenerator<Finding> {
  const urls = hostUrls(url)
  if (urls.length === 1) {
    yield* checkAt(url, policy)
    return
  }
  const roles = await Promise.all(urls.map(roleOf))
  yield checkHosts(roles)
  const writer = urls[roles.findIndex(({ isInRecovery }) => isInRecovery === false)]
  if (writer !== undefined) yield* checkAt(writer, policy)
}

async function roleOf(url: string): Promise<HostRole> {
  const { host } = new URL(url)
  try {
    const { isInRecovery } = await inspectDatabase(url)
    return { host, isInRecovery }
  } catch {
    // checkHosts reports it as a host that does not respond; details are reported for the primary alone.
    return { host, isInRecovery: undefined }
  }
}

async function* checkAt(url: string, policy?: ReplicationPolicy): AsyncGenerator<Finding> {
  try {
    const facts = await inspectDatabase(url)
    yield ok('the database can be reached')
    yield* checkServer(facts)
    if (policy !== undefined) yield checkReplication(facts, policy)
    yield* checkMigrations(await migrationStatus({ url }))
  } catch (error) {
    const { what, hint } = describeConnectError(error)
    yield problem(what, hint)
  }
}
