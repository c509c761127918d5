import { ConfigError } from '../../../src/config/config-error.ts'
import type { RawEnvironment } from '../../../src/config/env.ts'
import { loadConfig } from '../../../src/config/load-config.ts'

/** The variables that production requires. The servers do not exist. */
export const PRODUCTION: RawEnvironment = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://parley:hush@db.example:5432/parley',
  AUTH_SECRET: 'a key for tests, of more than 32 bytes',
}

/** The problems of an environment. Empty if it is valid. */
export function problemsOf(env: RawEnvironment): readonly string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
