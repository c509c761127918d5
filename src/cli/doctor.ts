import { loadConfig, type LoadedConfig } from '../config/load-config.ts'
import type { ReplicationPolicy } from '../config/config.ts'
import { ConfigError } from '../config/config-error.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../store/embedded/embedded-postgres.ts'
import { embeddedState } from '../store/embedded/running-url.ts'
import { hostUrls } from '../config/connection-url.ts'
import { inspectDatabase } from '../store/migrations/inspect.ts'
import { migrationStatus } from '../store/migrations/migrate.ts'
import { redactText } from '../telemetry/redact.ts'
import { judgeKeys } from './judge-keys.ts'
import {
  type HostRole,
  judgeConnectError,
  judgeDatabase,
  judgeHosts,
  judgeMigrations,
  judgeReplication,
} from './judge-database.ts'
import { messageOf } from '../lib/error-info.ts'
import { bad, doubtful, type Finding, findingLines, good } from './finding.ts'
import { judgeNode } from './judge-node.ts'
import { examinePorts } from './judge-ports.ts'
import { examineRedis } from './judge-redis.ts'
import type { Process, RunVerb } from './verb.ts'

/** Prints each finding as soon as it is known; exit code 1 if any of them is bad. Changes nothing that matters. */
export const doctor: RunVerb = async (_, process) => {
  let isWell = true
  for await (const finding of examine(process)) {
    process.print(redactText(findingLines(finding)))
    isWell &&= finding.status !== 'bad'
  }
  return isWell ? 0 : 1
}

async function* examine({ env }: Process): AsyncGenerator<Finding> {
  yield judgeNode(process.versions.node)
  const loaded = tryLoad(env)
  if (loaded instanceof ConfigError) {
    for (const problem of loaded.problems) yield bad('the environment', problem)
    return
  }
  yield good(`the configuration is complete (${loaded.config.mode})`)
  for (const warning of loaded.warnings) yield doubtful('the configuration', warning)
  yield* examinePorts(loaded.config)
  yield await judgeKeys(loaded.config, loaded.secrets)
  yield* examineDatabase(loaded)
  const { redisUrls } = loaded.secrets
  if (redisUrls.length > 0) yield* examineRedis(redisUrls)
}

function tryLoad(env: Process['env']): LoadedConfig | ConfigError {
  try {
    return loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

async function* examineDatabase({ config, secrets }: LoadedConfig): AsyncGenerator<Finding> {
  if (secrets.databaseUrl !== undefined) yield* examineExternal(secrets.databaseUrl, config.replicationPolicy)
  else yield* examineEmbedded(config.dataDir)
}

/** An instance may be running on it: then its server is looked at, without a claim to it. */
async function* examineEmbedded(dataDir: string): AsyncGenerator<Finding> {
  const state = await embeddedState(dataDir)
  switch (state.type) {
    case 'running':
      yield good(`the embedded database in ${dataDir} is running`)
      yield* examineAt(state.url)
      return
    case 'absent':
      yield good(`the embedded database will be made in ${dataDir} at the first start`)
      return
    case 'stopped':
      yield* examineStopped(dataDir)
      return
    default:
      state satisfies never
  }
}

async function* examineStopped(dataDir: string): AsyncGenerator<Finding> {
  let database: EmbeddedPostgres
  try {
    database = await startEmbeddedPostgres({ dataDir })
  } catch (error) {
    yield bad(`the embedded database in ${dataDir} does not start`, messageOf(error))
    return
  }
  try {
    yield good(`the embedded database in ${dataDir} starts`)
    yield* examineAt(database.url)
  } finally {
    await database.stop()
  }
}

async function* examineExternal(url: string, policy: ReplicationPolicy): AsyncGenerator<Finding> {
  const urls = hostUrls(url)
  if (urls.length === 1) {
    yield* examineAt(url, policy)
    return
  }
  const roles = await Promise.all(urls.map(roleOf))
  yield judgeHosts(roles)
  const writer = urls[roles.findIndex(({ isInRecovery }) => isInRecovery === false)]
  if (writer !== undefined) yield* examineAt(writer, policy)
}

async function roleOf(url: string): Promise<HostRole> {
  const { host } = new URL(url)
  try {
    const { isInRecovery } = await inspectDatabase(url)
    return { host, isInRecovery }
  } catch {
    // What is wrong with it is told of the one that takes writes; here it is one that says nothing.
    return { host, isInRecovery: undefined }
  }
}

async function* examineAt(url: string, policy?: ReplicationPolicy): AsyncGenerator<Finding> {
  try {
    const facts = await inspectDatabase(url)
    yield good('the database can be reached')
    yield* judgeDatabase(facts)
    if (policy !== undefined) yield judgeReplication(facts, policy)
    yield* judgeMigrations(await migrationStatus({ url }))
  } catch (error) {
    yield judgeConnectError(error)
  }
}
