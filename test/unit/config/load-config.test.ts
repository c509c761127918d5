import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError } from '../../../src/config/config-error.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import { PRODUCTION, problemsOf } from './problems.ts'

test('an empty environment results in development, on loopback, with an embedded database', () => {
  const { config, secrets, warnings } = loadConfig({}, { newGatewayId: () => 'gateway-7' })
  const dataDir = resolve('.parley')
  expect(config).toEqual({
    mode: 'development',
    http: { host: '127.0.0.1', port: 4000, allowedOrigins: [], allowedHeaders: [], trustedProxies: [] },
    admin: { host: '127.0.0.1', port: 9464 },
    serverApi: undefined,
    hook: undefined,
    gatewayId: 'gateway-7',
    dataDir,
    database: { type: 'embedded', dataDir },
    auth: { type: 'secret' },
    bus: { type: 'memory' },
    groups: { maxMembers: 1_024 },
    media: {
      location: { type: 'file', folder: join(dataDir, 'media') },
      maxUploadBytes: 104_857_600,
      contentTypes: [],
      bytesPerDay: 2_147_483_648,
      bytesPerSecond: 10_000_000,
    },
    webApp: true,
    introspection: true,
    trustedDocuments: undefined,
    logRetentionS: undefined,
    load: { isAutomatic: true, limitFactor: 1 },
    log: { level: 'info', pretty: false },
    replicationPolicy: 'available',
    shutdownDeadlineMs: 25_000,
  })
  expect(secrets).toEqual({ databaseUrl: undefined, replicaUrls: [], redisUrls: [], authSecret: undefined })
  expect(warnings).toEqual([])
})

test('production listens on all interfaces, but serves health and metrics on loopback', () => {
  const { config, secrets } = loadConfig(PRODUCTION)
  expect(config.mode).toBe('production')
  expect(config.http.host).toBe('0.0.0.0')
  expect(config.admin?.host).toBe('127.0.0.1')
  expect(config.database).toEqual({ type: 'external' })
  expect(secrets.databaseUrl).toBe(PRODUCTION['DATABASE_URL'])
  expect(secrets.authSecret).toBe(PRODUCTION['AUTH_SECRET'])
})

test('INTROSPECTION is on in development and off in production, unless it is set', () => {
  expect(loadConfig(PRODUCTION).config.introspection).toBe(false)
  expect(loadConfig({ ...PRODUCTION, INTROSPECTION: 'on' }).config.introspection).toBe(true)
  expect(loadConfig({ INTROSPECTION: 'off' }).config.introspection).toBe(false)
  expect(problemsOf({ INTROSPECTION: 'yes' })).toEqual(['INTROSPECTION must be on or off.'])
})

test('the path of the trusted documents is resolved', () => {
  expect(loadConfig({ TRUSTED_DOCUMENTS: 'manifest.json' }).config.trustedDocuments).toBe(
    resolve('manifest.json'),
  )
})

test('every setting can be set', () => {
  const { config, secrets } = loadConfig({
    PORT: '0',
    HOST: '::',
    ADMIN_PORT: '9000',
    ADMIN_HOST: '0.0.0.0',
    SERVER_PORT: '4001',
    SERVER_HOST: '10.0.0.5',
    TRUSTED_PROXIES: '10.0.0.7, 172.16.0.0/12,fd00::/8',
    GATEWAY_ID: 'eu-west.1',
    DATABASE_URL: 'postgresql://db/parley',
    AUTH_SECRET: 'x'.repeat(32),
    AUTH_ISSUER: 'https://login.example',
    AUTH_AUDIENCE: 'parley',
    ALLOWED_ORIGINS: 'https://chat.example, http://localhost:3000,capacitor://localhost',
    ALLOWED_HEADERS: 'x-tenant, X-Trace',
    NODE_ENV: 'test',
    LOG_RETENTION: '90d',
    LOG_LEVEL: 'debug',
    DATA_DIR: '/var/lib/parley',
  })
  expect(config.http.port).toBe(0)
  expect(config.logRetentionS).toBe(90 * 86_400)
  expect(config.http.host).toBe('::')
  expect(config.admin).toEqual({ host: '0.0.0.0', port: 9000 })
  expect(config.http.trustedProxies).toEqual(['10.0.0.7', '172.16.0.0/12', 'fd00::/8'])
  expect(config.gatewayId).toBe('eu-west.1')
  expect(config.auth).toEqual({ type: 'secret', issuer: 'https://login.example', audience: 'parley' })
  expect(config.http.allowedOrigins).toEqual([
    'https://chat.example',
    'http://localhost:3000',
    'capacitor://localhost',
  ])
  expect(config.http.allowedHeaders).toEqual(['x-tenant', 'x-trace'])
  expect(config.mode).toBe('development')
  expect(config.log.level).toBe('debug')
  expect(config.dataDir).toBe('/var/lib/parley')
  expect(secrets.authSecret).toHaveLength(32)
})

test('two starts generate different gateway ids', () => {
  expect(loadConfig({}).config.gatewayId).not.toBe(loadConfig({}).config.gatewayId)
})

test('the log is readable text in development on a terminal, and JSON everywhere else', () => {
  expect(loadConfig({}, { isTerminal: true }).config.log.pretty).toBe(true)
  expect(loadConfig({}, { isTerminal: false }).config.log.pretty).toBe(false)
  expect(loadConfig(PRODUCTION, { isTerminal: true }).config.log.pretty).toBe(false)
})

test("an identity provider's keys require its issuer and audience", () => {
  const url = 'https://login.example/jwks.json'
  const claims = { AUTH_ISSUER: 'https://login.example', AUTH_AUDIENCE: 'parley' }
  expect(loadConfig({ AUTH_JWKS_URL: url, ...claims }).config.auth).toEqual({
    type: 'jwks',
    url,
    issuer: 'https://login.example',
    audience: 'parley',
  })
  expect(problemsOf({ AUTH_JWKS_URL: url })).toEqual([
    'AUTH_ISSUER is not set, and AUTH_JWKS_URL needs it: set it to the "iss" that the identity provider puts into its tokens.',
    'AUTH_AUDIENCE is not set, and AUTH_JWKS_URL needs it: set it to the "aud" that the identity provider puts into its tokens.',
  ])
})

test('the mistakes of all stages are reported at once', () => {
  const problems = problemsOf({
    NODE_ENV: 'production',
    PORT: 'http',
    ADMIN_PORT: '65536',
    MAX_GROUP_MEMBERS: '1025',
    LOG_RETENTION: '59m',
    HOST: 'not a host',
    GATEWAY_ID: 'a b',
    DATABASE_REPLICA_URLS: 'mysql://replica/parley',
    REDIS_URL: 'localhost:6379',
    AUTH_SECRET: 'too short',
    AUTH_JWKS_URL: 'login.example',
    ALLOWED_ORIGINS: '*',
    LOG_LEVEL: 'loud',
    DATABSE_URL: 'postgres://db/parley',
  })
  const names = problems.map((problem) => problem.split(' ')[0])
  expect(names).toEqual([
    'DATABSE_URL',
    'PORT',
    'HOST',
    'ADMIN_PORT',
    'GATEWAY_ID',
    'ALLOWED_ORIGINS',
    'AUTH_JWKS_URL',
    'MAX_GROUP_MEMBERS',
    'LOG_RETENTION',
    'LOG_LEVEL',
    'AUTH_SECRET',
    'AUTH_ISSUER',
    'AUTH_AUDIENCE',
    'DATABASE_URL',
    'DATABASE_REPLICA_URLS',
    'REDIS_URL',
    'AUTH_SECRET',
  ])
})

test('the error message lists its problems', () => {
  const error = new ConfigError(['PORT must be a number.', 'HOST must be an address.'])
  expect(error.message).toBe(
    'The environment has 2 mistakes:\n  - PORT must be a number.\n  - HOST must be an address.',
  )
})

test('no error message quotes a secret', () => {
  const problems = problemsOf({
    DATABASE_URL: 'postgres://alice:hush%@db',
    DATABASE_REPLICA_URLS: 'mysql://alice:hush@db/x,postgres://alice:hush@db:99999/x',
    REDIS_URL: 'http://alice:hush@redis',
    AUTH_SECRET: 'hush',
    AUTH_JWKS_URL: 'https://alice:hush@login.example/jwks.json',
    AUTH_ISSUER: 'x',
    AUTH_AUDIENCE: 'y',
    ALLOWED_ORIGINS: 'https://alice:hush@chat.example',
  })
  expect(problems).toHaveLength(8)
  expect(problems.join('\n')).not.toContain('hush')
})

test.each([
  [{ NODE_ENV: 'staging' }, 'NODE_ENV must be production or development.'],
  [{ ...PRODUCTION, DATABASE_URL: '' }, 'DATABASE_URL is not set, and production has no embedded database'],
  [{ ...PRODUCTION, AUTH_SECRET: '' }, 'AUTH_SECRET is not set, and production does not generate a key'],
  [{ AUTH_SECRET: 'ö'.repeat(15) }, 'AUTH_SECRET must be 32 bytes or more'],
  [{ PORT: '9464' }, 'PORT and ADMIN_PORT are both 9464'],
  [{ ADMIN_PORT: '04000' }, 'PORT and ADMIN_PORT are both 4000'],
  [{ PORT: '-1' }, 'PORT must be a number from 0 to 65535.'],
  [{ DATABASE_REPLICA_URLS: 'postgres://db/x' }, 'DATABASE_REPLICA_URLS is set without DATABASE_URL'],
  [{ AUTH_JWKS_URL: 'http://login.example/jwks' }, 'AUTH_JWKS_URL must begin with https://'],
])('%o is refused', (env, sentence) => {
  expect(problemsOf(env)).toContainEqual(expect.stringContaining(sentence))
})

test('a misspelt NODE_ENV reports what production requires as well', () => {
  expect(problemsOf({ NODE_ENV: 'prod' }).map((problem) => problem.split(' ')[0])).toEqual([
    'NODE_ENV',
    'DATABASE_URL',
    'AUTH_SECRET',
  ])
})

test('a key together with an identity provider is refused', () => {
  const problems = problemsOf({
    AUTH_SECRET: 'x'.repeat(32),
    AUTH_JWKS_URL: 'https://login.example/jwks.json',
    AUTH_ISSUER: 'x',
    AUTH_AUDIENCE: 'y',
  })
  expect(problems).toEqual([expect.stringContaining('AUTH_SECRET and AUTH_JWKS_URL are both set')])
})

test('the length of a key is measured in bytes', () => {
  expect(problemsOf({ AUTH_SECRET: 'ö'.repeat(16) })).toEqual([])
})

test('both ports may be any free port', () => {
  expect(problemsOf({ PORT: '0', ADMIN_PORT: '0' })).toEqual([])
})

test('only an identity provider on this machine may use plain http', () => {
  const claims = { AUTH_ISSUER: 'x', AUTH_AUDIENCE: 'y' }
  expect(problemsOf({ ...claims, AUTH_JWKS_URL: 'http://127.0.0.1:8080/jwks' })).toEqual([])
  expect(problemsOf({ ...claims, AUTH_JWKS_URL: 'http://localhost.example/jwks' })).toHaveLength(1)
})

test.each([
  ['https://chat.example/', 'write https://chat.example,'],
  ['https://chat.example/app', 'write https://chat.example,'],
  ['https://chat.example:443', 'write https://chat.example,'],
  ['HTTPS://Chat.example', 'write https://chat.example,'],
  ['https://*.example', 'has a "*"'],
  ['chat.example', 'has "chat.example", which is not an origin'],
  ['null', 'which is not an origin'],
  ['https://chat.example,,', 'which is not an origin'],
])('%s is not an origin, and the error says what is', (origins, sentence) => {
  expect(problemsOf({ ALLOWED_ORIGINS: origins })).toEqual([expect.stringContaining(sentence)])
})

test.each(['*', 'x tenant', 'x-tenant: 1', 'x-tenant,,'])(
  '%s is not a name of a header, and the error says what is',
  (headers) => {
    expect(problemsOf({ ALLOWED_HEADERS: headers })).toEqual([
      expect.stringContaining('each must be the name of a header, such as x-tenant'),
    ])
  },
)

test.each(['10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0/8', 'nginx', 'fe80::1%eth0', '*', '10.0.0.1,,'])(
  '%s is not an address range, and the error says what is',
  (proxies) => {
    expect(problemsOf({ TRUSTED_PROXIES: proxies })).toEqual([
      expect.stringContaining('an address, or a range of them such as 10.0.0.0/8'),
    ])
  },
)

test('the port of health and metrics can be switched off', () => {
  expect(loadConfig({ ADMIN_PORT: 'off' }).config.admin).toBeUndefined()
})

test('several hosts, replicas and Redis servers are kept as given', () => {
  const { config, secrets, warnings } = loadConfig({
    DATABASE_URL: 'postgres://alice:hush@one:5432,two/parley?sslmode=require',
    DATABASE_REPLICA_URLS: 'postgres://three/parley,postgres://four/parley',
    REDIS_URL: 'redis://one:6379,rediss://two',
  })
  expect(config.bus).toEqual({ type: 'redis' })
  expect(secrets.databaseUrl).toBe('postgres://alice:hush@one:5432,two/parley?sslmode=require')
  expect(secrets.replicaUrls).toEqual(['postgres://three/parley', 'postgres://four/parley'])
  expect(secrets.redisUrls).toEqual(['redis://one:6379', 'rediss://two'])
  expect(warnings).toEqual([])
})

test('a policy that the embedded database cannot meet causes a warning, not an error', () => {
  const { config, warnings } = loadConfig({ REPLICATION_POLICY: 'strict' })
  expect(config.replicationPolicy).toBe('strict')
  expect(warnings).toEqual([expect.stringContaining('every send will be rejected')])
  expect(problemsOf({ REPLICATION_POLICY: 'loose' })).toEqual([
    'REPLICATION_POLICY must be available or strict.',
  ])
})

test('SCAN_URL needs its secret, and an address at which the scanner finds the files of a folder', () => {
  const scan = { SCAN_URL: 'http://scanner:8080/scan', SCAN_ON_FAILURE: 'accept' }
  const SCAN_SECRET = `whsec_${Buffer.alloc(32).toString('base64')}`
  const folder = { ...PRODUCTION, ...scan, MEDIA_URL: 'file:/srv/media' }
  expect(problemsOf(folder)).toEqual([
    expect.stringMatching(/^SCAN_SECRET is not set/),
    expect.stringMatching(/^PUBLIC_URL is not set/),
  ])
  const complete = { ...folder, SCAN_SECRET, PUBLIC_URL: 'https://chat.example' }
  const { config, secrets } = loadConfig(complete)
  expect(config.media?.scan).toEqual({ url: 'http://scanner:8080/scan', acceptsUnchecked: true })
  expect(secrets.scanSecret).toBe(SCAN_SECRET)
  expect(problemsOf({ ...folder, SCAN_SECRET, MEDIA_URL: 's3://files?region=eu-1' })).toEqual([])
})
