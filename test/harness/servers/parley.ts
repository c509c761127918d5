import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueToken } from '../../../src/auth/issue-token.ts'
import type { Config, MediaConfig } from '../../../src/config/config.ts'
import type { MediaLocation } from '../../../src/config/fields.ts'
import type { GatewayId } from '../../../src/ids.ts'
import type { Overrides } from '../../../src/composition/overrides.ts'
import { createParley } from '../../../src/parley.ts'
import { withDatabase } from '../../../src/cli/commands/with-database.ts'
import { createKeys, type KeyInput } from '../../../src/keys/keys.ts'
import { SCOPES } from '../../../src/keys/server-key.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { createTestDatabase } from './database.ts'
import { startS3 } from './s3.ts'
import { Backend } from '../people/backend.ts'
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
    /** Creates a key of the server API, and the backend that uses it. Needs `config.serverApi`. */
    backend(key?: Partial<KeyInput>): Promise<Backend>
    stop(): Promise<void>
  }>

/** A listener for the server API on any free port. */
export const SERVER_API = { serverApi: { host: '127.0.0.1', port: 0 } } as const satisfies Partial<Config>

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
  /** With `config.hook`. */
  hookSecret?: string
  /** With `config.media.scan`. */
  scanSecret?: string
  /** With `config.push.web`. */
  vapidKey?: string
  overrides?: Overrides
  /** Where users can upload files to: a new folder, a new bucket, or a given place. Default: uploads are off. */
  media?: 'folder' | 's3' | MediaLocation
}>

let gateways = 0

/** Starts a gateway on a free port of loopback, by default with a new empty database. */
export async function startParley(options: ParleyOptions = {}): Promise<TestParley> {
  const resources = new AsyncDisposableStack()
  const databaseUrl = options.databaseUrl ?? resources.use(await createTestDatabase()).url
  const media = options.media === undefined ? {} : { media: await mediaConfig(options.media, resources) }
  const config = { ...testConfig(options), ...media }
  const secrets = {
    databaseUrl,
    replicaUrls: options.replicaUrls ?? [],
    redisUrls: options.redisUrls ?? [],
    authSecret: TEST_SECRET,
    hookSecret: options.hookSecret,
    scanSecret: options.scanSecret,
    vapidKey: options.vapidKey,
  }
  const parley = createParley(config, secrets, createLogger(config.log), options.overrides)
  resources.defer(() => parley.stop())
  const { url, serverApiUrl } = await parley.start()

  async function person(name: string): Promise<Person> {
    const token = await issueToken(TEST_SECRET, {
      subject: name,
      name: name.replace(/^./, (c) => c.toUpperCase()),
    })
    const created = resources.use(new Person({ url: `${url}/graphql`, token, name }))
    await created.run('{ viewer { id } }')
    return created
  }

  async function backend(key: Partial<KeyInput> = {}): Promise<Backend> {
    if (serverApiUrl === undefined) throw new Error('The server API is off. Start with config: SERVER_API.')
    const input = { name: randomUUID(), scopes: SCOPES, lifetimeS: undefined, ...key }
    const created = await withDatabase(databaseUrl, (database) => createKeys(database).create(input))
    if (created === undefined) throw new Error('There are two keys with this name already')
    return new Backend({ url: `${serverApiUrl}/graphql`, key: created.text, id: created.key.id })
  }

  return {
    url: `${url}/graphql`,
    databaseUrl,
    backend,
    person,
    stop: () => parley.stop(),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Files of up to 10 MB, without a limit for each day. */
async function mediaConfig(
  media: NonNullable<ParleyOptions['media']>,
  resources: AsyncDisposableStack,
): Promise<MediaConfig> {
  const location = typeof media === 'string' ? await newLocation(media, resources) : media
  return {
    location,
    maxUploadBytes: 10_000_000,
    contentTypes: [],
    bytesPerDay: Infinity,
    bytesPerSecond: 50_000_000,
  }
}

/** Returns a new folder, or a new bucket on a server of its own. */
export async function newLocation(
  kind: 'folder' | 's3',
  resources: AsyncDisposableStack,
): Promise<MediaLocation> {
  if (kind === 's3') return resources.use(await startS3()).location
  const folder = await mkdtemp(join(tmpdir(), 'parley-media-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  return { type: 'file', folder }
}

function testConfig({ gatewayId, port = 0, config, redisUrls }: ParleyOptions): Config {
  return {
    mode: 'development',
    http: { host: '127.0.0.1', port, allowedOrigins: [], allowedHeaders: [], trustedProxies: [] },
    admin: undefined,
    serverApi: undefined,
    hook: undefined,
    webApp: false,
    introspection: true,
    trustedDocuments: undefined,
    gatewayId: (gatewayId ?? `test-${(gateways += 1)}`) as GatewayId,
    dataDir: '/nonexistent',
    database: { type: 'external' },
    replicationPolicy: 'available',
    auth: { type: 'secret' },
    bus: { type: redisUrls === undefined ? 'memory' : 'redis' },
    groups: { maxMembers: 1_024 },
    media: undefined,
    logRetentionS: undefined,
    // Tests share the machine with other work, so the capacity of the moment must not change their results.
    load: { isAutomatic: false, limitFactor: 1 },
    log: { level: process.env['TEST_LOG_LEVEL'] === 'debug' ? 'debug' : 'silent', pretty: false },
    shutdownDeadlineMs: 5_000,
    ...config,
  }
}
