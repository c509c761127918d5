import type { Config } from './config/config.ts'
import type { Secrets } from './config/secrets.ts'
import { within } from './lib/deadline.ts'
import { once } from './lib/once.ts'
import { createParley, type Started } from './parley.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './store/embedded-postgres.ts'
import { migrate } from './store/migrate.ts'
import { createLogger, type Logger } from './telemetry/logger.ts'
import { welcome } from './demo/welcome.ts'

/**
 * Runs one instance until a signal ends it: SIGTERM and SIGINT stop it in order, a second one at once. Resolves when
 * it has stopped; rejects when it can't start.
 */
export async function run(config: Config, secrets: Secrets): Promise<void> {
  const logger = createLogger(config.log).child({ gateway: config.gatewayId })
  const stopped = Promise.withResolvers<void>()
  const postgres = await embeddedPostgres(config, logger)
  try {
    const databaseUrl = postgres?.url ?? secrets.databaseUrl
    if (databaseUrl === undefined) throw new Error('DATABASE_URL is missing')
    await migrateTo(databaseUrl, logger)
    const parley = createParley(config, { ...secrets, databaseUrl }, logger)
    stopOnSignal(once(parley.stop), { config, logger, stopped })
    await greet(await parley.start(), logger)
    await stopped.promise
  } finally {
    await postgres?.stop()
  }
}

async function embeddedPostgres({ database }: Config, logger: Logger): Promise<EmbeddedPostgres | undefined> {
  if (database.type === 'external') return undefined
  logger.info({ dataDir: database.dataDir }, 'starting the embedded PostgreSQL')
  return startEmbeddedPostgres({ dataDir: database.dataDir, logger })
}

async function migrateTo(url: string, logger: Logger): Promise<void> {
  const { applied } = await migrate({ url })
  if (applied.length > 0) logger.info({ applied }, 'migrations applied')
}

async function greet({ url, demo }: Started, logger: Logger): Promise<void> {
  logger.info({ url }, 'ready')
  if (demo !== undefined) process.stdout.write(welcome(url, await demo.people()))
}

/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm. Within this time it counts once. */
const ECHO_MS = 1_000

type Stopping = Readonly<{ config: Config; logger: Logger; stopped: PromiseWithResolvers<void> }>

function stopOnSignal(stop: () => Promise<void>, { config, logger, stopped }: Stopping): void {
  const tooLate = (): Error =>
    new Error(`Not stopped after ${config.shutdownDeadlineMs} ms; what is left is cut off`)
  const begin = once(async () => within(config.shutdownDeadlineMs, stop(), tooLate))
  let firstAt: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAt !== undefined && performance.now() - firstAt > ECHO_MS) process.exit(1)
    firstAt ??= performance.now()
    logger.info({ signal }, 'stopping; another signal ends it at once')
    begin().then(stopped.resolve, stopped.reject)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
