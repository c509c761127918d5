import type { Config } from '../../config/config.ts'
import { withDevSecret } from '../../config/dev-secret.ts'
import { loadConfig } from '../../config/load-config.ts'
import type { Secrets } from '../../config/secrets.ts'
import { ensurePrismaClient } from '../../store/migrations/ensure-prisma-client.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { buildWebApp } from '../build-web-app.ts'
import type { Process, RunCommand } from '../process.ts'
import { listenToSignals } from './stop-signals.ts'

/** Runs one gateway until SIGTERM, Ctrl-C or the end of its npm. Throws ConfigError before anything is started. */
export const serve: RunCommand = async ({ env, isTerminal, parentEnd, onReady }) => {
  const { config, secrets, warnings } = loadConfig(env, { isTerminal })
  const logger = createLogger(config.log)
  for (const warning of warnings) logger.warn(warning)
  // Before anything is started: without a listener, a signal would end this process and leave the database running.
  using stop = listenToSignals(
    (cause) => logger.info({ cause }, 'stopping; another signal ends the process at once'),
    parentEnd,
  )
  const ended = new AbortController()
  // Takes two seconds, and only in a repository. The gateway starts meanwhile.
  const building = config.webApp
    ? buildWebApp({ logger, signal: AbortSignal.any([stop.signal, ended.signal]) })
    : undefined
  try {
    await serveUntil(stop.signal, config, secrets, onReady)
  } finally {
    // A process that exits now would leave half an app behind.
    ended.abort()
    await building
  }
  return 0
}

async function serveUntil(
  stop: AbortSignal,
  config: Config,
  secrets: Secrets,
  onReady: Process['onReady'],
): Promise<void> {
  try {
    await ensurePrismaClient()
    const { run } = await import('../../main.ts')
    await run(config, await withDevSecret(config, secrets), stop, onReady)
  } catch (error) {
    if (error !== stop.reason) throw error
  }
}
