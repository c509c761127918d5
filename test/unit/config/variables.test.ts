import { expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/load-config.ts'
import { VARIABLES, type VariableName } from '../../../src/config/variables.ts'
import { problemsOf } from './problems.ts'

function documented(name: VariableName) {
  const variable = VARIABLES.find((one) => one.name === name)
  if (variable === undefined) throw new Error(`${name} is not documented`)
  return variable
}

test('every variable is documented once, and secrets are marked', () => {
  const names = VARIABLES.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(VARIABLES.filter(({ isSecret }) => isSecret).map(({ name }) => name)).toEqual([
    'AUTH_SECRET',
    'DATABASE_URL',
    'DATABASE_REPLICA_URLS',
    'REDIS_URL',
    'HOOK_SECRET',
    'PUSH_VAPID_KEY',
    'SCAN_SECRET',
  ])
})

test('the documented defaults are the ones that an empty environment results in', () => {
  const { config } = loadConfig({})
  const actual: Partial<Record<VariableName, string>> = {
    NODE_ENV: config.mode,
    PORT: String(config.http.port),
    ADMIN_PORT: String(config.admin?.port),
    ADMIN_HOST: String(config.admin?.host),
    REPLICATION_POLICY: config.replicationPolicy,
    MAX_GROUP_MEMBERS: String(config.groups.maxMembers),
    SERVICE_LEVELS: config.load.isAutomatic ? 'auto' : 'manual',
    RATE_LIMIT_FACTOR: String(config.load.limitFactor),
    LOG_LEVEL: config.log.level,
  }
  const documentedDefaults = Object.keys(actual).map((name) => [
    name,
    documented(name as VariableName).default,
  ])
  expect(Object.fromEntries(documentedDefaults)).toEqual(actual)
  expect(documented('HOST').default).toContain(config.http.host)
})

test.each(['NODE_ENV', 'REPLICATION_POLICY', 'SERVICE_LEVELS', 'LOG_LEVEL'] as const)(
  'the error for an unknown word in %s lists the documented values',
  (name) => {
    const words = documented(name)
      .values.split(/, | or /)
      .sort()
    const [problem = ''] = problemsOf({ [name]: 'unknown' })
    const [, listed = ''] = /must be (?:one of )?(.*)\.$/.exec(problem) ?? []
    expect(listed.split(/, | or /).sort()).toEqual(words)
    for (const word of words) expect(problemsOf({ [name]: word }).join()).not.toContain('must be')
  },
)
