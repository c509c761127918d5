import { withDevSecret } from '../config/dev-secret.ts'
import { loadConfig } from '../config/load-config.ts'
import { ensurePrismaClient } from '../store/ensure-prisma-client.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { RunVerb } from './verb.ts'

/** Runs one instance until it is told to stop. Throws ConfigError before anything was started. */
export const serve: RunVerb = async (_, { env, isTerminal }) => {
  const { config, secrets, warnings } = loadConfig(env, { isTerminal })
  const logger = createLogger(config.log)
  for (const warning of warnings) logger.warn(warning)
  await ensurePrismaClient()
  const { run } = await import('../main.ts')
  await run(config, await withDevSecret(config, secrets))
  return 0
}
