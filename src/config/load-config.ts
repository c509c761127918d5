import { randomBytes } from 'node:crypto'
import { type Config, parseConfig, type Surroundings } from './config.ts'
import { ConfigError, type Parsed } from './config-error.ts'
import { type RawEnvironment, readEnvironment } from './env.ts'
import { parseSecrets, type Secrets } from './secrets.ts'
import { warningsFor } from './warnings.ts'

export type LoadedConfig = Readonly<{
  config: Config
  secrets: Secrets
  /** Settings without the expected effect, one sentence each. */
  warnings: readonly string[]
}>

const ALONE: Surroundings = {
  isTerminal: false,
  needsDatabase: true,
  newGatewayId: () => `gateway-${randomBytes(6).toString('hex')}`,
}

/**
 * Turns environment variables into typed values, in three stages: names, settings, secrets. Reads only its arguments.
 * Throws ConfigError with the mistakes of all stages.
 */
export function loadConfig(raw: RawEnvironment, surroundings: Partial<Surroundings> = {}): LoadedConfig {
  const { values, problems } = readEnvironment(raw)
  const config = parseConfig(values, { ...ALONE, ...surroundings })
  const secrets = parseSecrets(values)
  if (problems.length > 0 || config.type === 'rejected' || secrets.type === 'rejected') {
    throw new ConfigError([...problems, ...problemsOf(config), ...problemsOf(secrets)])
  }
  return { config: config.value, secrets: secrets.value, warnings: warningsFor(values) }
}

function problemsOf(parsed: Parsed<unknown>): readonly string[] {
  return parsed.type === 'rejected' ? parsed.problems : []
}
