import type { Config } from '../config/config.ts'
import { withDevSecret } from '../config/dev-secret.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Secrets } from '../config/secrets.ts'
import { ensurePrismaClient } from '../store/migrations/ensure-prisma-client.ts'
import { createLogger } from '../telemetry/logger.ts'
import { listenToSignals } from './stop-signals.ts'
import type { RunVerb } from './verb.ts'

/** Runs one instance until it is told to stop. Throws ConfigError before anything was started. */
export const serve: RunVerb = async (_, { env, isTerminal }) => {
  const { config, secrets, warnings } = loadConfig(env, { isTerminal })
  const logger = createLogger(config.log)
  for (const warning of warnings) logger.warn(warning)
  // Before anything is started: a signal that came while nobody listens would leave it behind.
  using stop = listenToSignals((signal) =>
    logger.info({ signal }, 'stopping; another signal ends it at once'),
  )
  await serveUntil(stop.signal, config, secrets)
  return 0
}

async function serveUntil(stop: AbortSignal, config: Config, secrets: Secrets): Promise<void> {
  try {
    await ensurePrismaClient()
    const { run } = await import('../main.ts')
    await run(config, await withDevSecret(config, secrets), stop)
  } catch (error) {
    if (error !== stop.reason) throw error
  }
}
