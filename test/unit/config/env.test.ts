import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { readEnvironment } from '../../../src/config/env.ts'
import { problemsOf } from './problems.ts'

test('an empty variable counts as not set', () => {
  expect(readEnvironment({ PORT: '', HOST: undefined, LOG_LEVEL: 'warn' }).values).toEqual({
    LOG_LEVEL: 'warn',
  })
})

test('variables of other programs are ignored', () => {
  const env = {
    PATH: '/bin',
    HOME: '/root',
    TERM: 'xterm',
    npm_lifecycle_event: 'start',
    PGHOST: 'db',
    PWD: '/',
  }
  expect(
    problemsOf({ ...env, NODE_OPTIONS: '--inspect', HOSTNAME: 'pod-1', PORTAGE: 'x', USER: 'alice' }),
  ).toEqual([])
})

test.each([
  ['DATABSE_URL', 'DATABASE_URL'],
  ['DATABASE_URI', 'DATABASE_URL'],
  ['AUTH_SECERT', 'AUTH_SECRET'],
  ['ALLOWED_ORIGIN', 'ALLOWED_ORIGINS'],
  ['AUTH_JWKS_URI', 'AUTH_JWKS_URL'],
  ['AUTH_AUDIENC', 'AUTH_AUDIENCE'],
  ['PROT', 'PORT'],
  ['NODE_EVN', 'NODE_ENV'],
  ['redis_url', 'REDIS_URL'],
  ['LOG_LEVLE', 'LOG_LEVEL'],
  ['ADMIN_HSOT', 'ADMIN_HOST'],
  ['TRUSTED_PROXYS', 'TRUSTED_PROXIES'],
])('%s is reported as a misspelt %s', (name, meant) => {
  expect(problemsOf({ [name]: 'x' })).toEqual([
    `${name} is not a variable that Parley reads: did you mean ${meant}? If it belongs to another program, remove it from Parley's environment or set ${meant} as well.`,
  ])
})

test.each(['SORT', 'POST', 'HOSTS', 'PORTS', 'COST', 'GHOST', 'LOGLEVEL', 'NODEENV'])(
  '%s is not reported, because other programs may use it',
  (name) => {
    expect(problemsOf({ [name]: 'x' })).toEqual([])
  },
)

test('a name like one of Parley’s is ignored if Parley’s is set as well', () => {
  expect(problemsOf({ GATEWAY_IP: '10.0.0.1' })).toHaveLength(1)
  expect(problemsOf({ GATEWAY_IP: '10.0.0.1', GATEWAY_ID: 'one' })).toEqual([])
})

test('the variables of the example backend may be in the environment of Parley', async () => {
  const example = await readFile(new URL('../../../examples/product-backend.ts', import.meta.url), 'utf8')
  const names = example.match(/\bPARLEY_[A-Z_]+/g) ?? []
  expect(names).toContain('PARLEY_KEY')
  expect(problemsOf(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([])
})

test('names with the prefix PARLEY_ are reported', () => {
  expect(problemsOf({ PARLEY_PORT: '4000', PARLEY_AUTH_SECRETS: 'x', PARLEY_COLOUR: 'red' })).toEqual([
    'PARLEY_PORT is not a variable that Parley reads: did you mean PORT?',
    'PARLEY_AUTH_SECRETS is not a variable that Parley reads: did you mean AUTH_SECRET?',
    'PARLEY_COLOUR is not a variable that Parley reads: unset it; "parley --help" lists the names',
  ])
})

test('a misspelt prefix is reported only if a name like one of Parley’s follows', () => {
  expect(problemsOf({ PARLY_PORT: '4000', PARELY_LOG_LEVLE: 'info', PARSLEY_COLOUR: 'green' })).toEqual([
    'PARLY_PORT is not a variable that Parley reads: did you mean PORT?',
    'PARELY_LOG_LEVLE is not a variable that Parley reads: did you mean LOG_LEVEL?',
  ])
})

test('the variables that Kubernetes sets for a service named parley are ignored', () => {
  const links = {
    PARLEY_SERVICE_HOST: '10.0.0.7',
    PARLEY_SERVICE_PORT: '4000',
    PARLEY_SERVICE_PORT_HTTP: '4000',
    PARLEY_PORT: 'tcp://10.0.0.7:4000',
    PARLEY_PORT_4000_TCP: 'tcp://10.0.0.7:4000',
    PARLEY_PORT_4000_TCP_ADDR: '10.0.0.7',
  }
  expect(problemsOf(links)).toEqual([])
})

test('white space around a value is reported', () => {
  expect(problemsOf({ AUTH_SECRET: `${'x'.repeat(40)}\n` })).toEqual([
    'AUTH_SECRET begins or ends with white space: remove it.',
  ])
})
