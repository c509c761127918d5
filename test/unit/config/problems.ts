import { ConfigError } from '../../../src/config/config-error.ts'
import type { RawEnvironment } from '../../../src/config/env.ts'
import { loadConfig } from '../../../src/config/load-config.ts'

/** What production cannot do without; nothing of it leads anywhere. */
export const PRODUCTION: RawEnvironment = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://parley:hush@db.example:5432/parley',
  AUTH_SECRET: 'a key for tests, of more than 32 bytes',
}

/** The sentences with which an environment is refused; none where it is accepted. */
export function problemsOf(env: RawEnvironment): readonly string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
