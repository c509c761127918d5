import { issueToken } from '../../../src/auth/issue-token.ts'
import type { Config } from '../../../src/config/config.ts'
import type { GatewayId } from '../../../src/ids.ts'
import type { Overrides } from '../../../src/composition/overrides.ts'
import { createParley } from '../../../src/parley.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { createTestDatabase } from './database.ts'
import { Person } from '../people/person.ts'

export const TEST_SECRET = 'a secret for tests, of thirty-two bytes and more'

/** A running gateway, with people who use it. */
export type TestParley = AsyncDisposable &
  Readonly<{
    /** The HTTP address of the API. */
    url: string
    databaseUrl: string
    /** Creates a person who has signed in once, so that others can find them. */
    person(name: string): Promise<Person>
    stop(): Promise<void>
  }>

/** No rate limits, for tests in which two people send as many messages as hundreds would. */
export const UNLIMITED = {
  load: { isAutomatic: false, limitFactor: Infinity },
} as const satisfies Partial<Config>

export type ParleyOptions = Readonly<{
  /** A shared database. Default: a new one. */
  databaseUrl?: string
  gatewayId?: string
  port?: number
  config?: Partial<Config>
  /** Replicas to read from. Default: none. */
  replicaUrls?: readonly string[]
  /** Redis, for several gateways. Default: the gateway is alone. */
  redisUrls?: readonly string[]
  overrides?: Overrides
}>

let gateways = 0

/** Starts a gateway on a free port of loopback, by default with a new empty database. */
export async function startParley(options: ParleyOptions = {}): Promise<TestParley> {
  const resources = new AsyncDisposableStack()
  const databaseUrl = options.databaseUrl ?? resources.use(await createTestDatabase()).url
  const config = testConfig(options)
  const secrets = {
    databaseUrl,
    replicaUrls: options.replicaUrls ?? [],
    redisUrls: options.redisUrls ?? [],
    authSecret: TEST_SECRET,
  }
  const parley = createParley(config, secrets, createLogger(config.log), options.overrides)
  resources.defer(() => parley.stop())
  const { url } = await parley.start()

  async function person(name: string): Promise<Person> {
    const token = await issueToken(TEST_SECRET, {
      subject: name,
      name: name.replace(/^./, (c) => c.toUpperCase()),
    })
    const created = resources.use(new Person({ url: `${url}/graphql`, token, name }))
    await created.run('{ viewer { id } }')
    return created
  }

  return {
    url: `${url}/graphql`,
    databaseUrl,
    person,
    stop: () => parley.stop(),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function testConfig({ gatewayId, port = 0, config, redisUrls }: ParleyOptions): Config {
  return {
    mode: 'development',
    http: { host: '127.0.0.1', port, allowedOrigins: [], allowedHeaders: [], trustedProxies: [] },
    admin: undefined,
    webApp: false,
    gatewayId: (gatewayId ?? `test-${(gateways += 1)}`) as GatewayId,
    dataDir: '/nonexistent',
    database: { type: 'external' },
    replicationPolicy: 'available',
    auth: { type: 'secret' },
    bus: { type: redisUrls === undefined ? 'memory' : 'redis' },
    groups: { maxMembers: 1_024 },
    logRetentionS: undefined,
    // Tests share the machine with other work, so the capacity of the moment must not change their results.
    load: { isAutomatic: false, limitFactor: 1 },
    log: { level: process.env['TEST_LOG_LEVEL'] === 'debug' ? 'debug' : 'silent', pretty: false },
    shutdownDeadlineMs: 5_000,
    ...config,
  }
}
