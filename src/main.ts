import type { Started } from './composition/lifecycle.ts'
import type { Config } from './config/config.ts'
import type { Secrets } from './config/secrets.ts'
import { welcome } from './demo/welcome.ts'
import { checkPushCredentials } from './followers/push/credentials.ts'
import { aborted, withTimeout } from './lib/async.ts'
import { createParley } from './parley.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './store/embedded/embedded-postgres.ts'
import { findWriterUrl } from './store/failover/find-writer.ts'
import { migrate } from './store/migrations/migrate.ts'
import { reachDatabase } from './store/reach-database.ts'
import { createLogger, type Logger } from './telemetry/logger.ts'
import { readTrustedDocuments } from './transport/pipeline/trusted-documents.ts'
import { requirePort } from './transport/http/port.ts'

type Run = Readonly<{ config: Config; secrets: Secrets; logger: Logger; stop: AbortSignal; onReady: OnReady }>

/** Called with the URL of the API, without its path. */
type OnReady = ((url: string) => void) | undefined

/**
 * Runs one gateway until `stop` fires, then stops it in order. If that happens during the start, stops what was
 * started so far. Resolves when nothing is left running. Rejects if it cannot start, or takes too long to stop.
 */
export async function run(
  config: Config,
  secrets: Secrets,
  stop: AbortSignal,
  onReady?: OnReady,
): Promise<void> {
  const logger = createLogger(config.log).child({ gateway: config.gatewayId })
  // Mistakes of the operator are found before slower parts start.
  if (config.trustedDocuments !== undefined) readTrustedDocuments(config.trustedDocuments)
  checkPushCredentials(config, secrets)
  // Ports are checked first: the operator learns about a taken one before waiting for a database.
  if (config.admin !== undefined) await requirePort(config.admin, 'ADMIN_PORT')
  if (config.serverApi !== undefined) await requirePort(config.serverApi, 'SERVER_PORT')
  await requirePort(config.http, 'PORT')
  const given: Run = { config, secrets, logger, stop, onReady }
  const postgres = await startEmbedded(given)
  try {
    const databaseUrl = postgres?.url ?? secrets.databaseUrl
    if (databaseUrl === undefined) throw new Error('DATABASE_URL is missing')
    await migrateTo(databaseUrl, given)
    await serve({ ...given, secrets: { ...secrets, databaseUrl } })
  } finally {
    await postgres?.stop()
  }
}

/** Returns undefined if DATABASE_URL names an external database. */
async function startEmbedded({ config, logger, stop }: Run): Promise<EmbeddedPostgres | undefined> {
  const { database } = config
  if (database.type === 'external') return undefined
  logger.info({ dataDir: database.dataDir }, 'starting the embedded PostgreSQL')
  return startEmbeddedPostgres({ dataDir: database.dataDir, logger, signal: stop })
}

/** A database in a container often starts after the gateway, and takes some seconds. */
const DATABASE_RETRY_MS = 15_000

async function migrateTo(url: string, { logger, stop }: Run): Promise<void> {
  await reachDatabase(url, { retryForMs: DATABASE_RETRY_MS, logger, signal: stop })
  const { applied } = await migrate({ url: await findWriterUrl(url) })
  if (applied.length > 0) logger.info({ applied }, 'migrations applied')
  stop.throwIfAborted()
}

async function serve({ config, secrets, logger, stop, onReady }: Run): Promise<void> {
  const parley = createParley(config, secrets, logger)
  try {
    const started = await parley.start()
    stop.throwIfAborted()
    await announce(started, config, logger)
    onReady?.(started.url)
    await aborted(stop)
  } finally {
    await withTimeout(config.shutdownDeadlineMs, parley.stop(), () => tooLate(config))
  }
}

async function announce(started: Started, { webApp }: Config, logger: Logger): Promise<void> {
  const { url, serverApiUrl, demo } = started
  logger.info({ url, ...(serverApiUrl !== undefined && { serverApiUrl }) }, 'ready')
  if (demo !== undefined) process.stdout.write(welcome({ url, hasWebApp: webApp }, await demo.people()))
}

function tooLate({ shutdownDeadlineMs }: Config): Error {
  return new Error(
    `Parley did not stop within ${shutdownDeadlineMs} ms. Remaining connections and work are dropped.`,
  )
}
