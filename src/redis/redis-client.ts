import { Cluster, Redis, type ClusterOptions, type RedisOptions } from 'ioredis'
import { isSentinelUrl, parseSentinelUrl } from '../config/connection-url.ts'
import { backoffMs } from '../lib/backoff.ts'

/** The client of one server, or of all nodes of a cluster. */
export type RedisClient =
  Readonly<{ type: 'standalone'; client: Redis }> | Readonly<{ type: 'cluster'; client: Cluster }>

/** The timeout of each command, and of each step of connecting. */
export const REDIS_DEADLINE_MS = 2_000

const RECONNECT_BACKOFF = { firstMs: 50, maxMs: 1_000 }

/** The port of a sentinel unless its address says otherwise. */
export const SENTINEL_PORT = 26_379

/** A connection that is given up is cut after this time: a peer that hangs never closes it. */
const DISCONNECT_MS = 20

/*
 * Why these settings:
 *
 * - Commands are not queued while Redis is away, and never repeated (`maxRetriesPerRequest` 0). A command fails at
 *   once, and its caller decides. Otherwise ioredis publishes some messages twice.
 * - ioredis does not subscribe again by itself. If that fails, nothing handles the rejection, and the process ends.
 * - Commands of one turn of the event loop are sent together: by pipelines to a cluster, else see gathered-writes.ts.
 */
const OPTIONS = {
  lazyConnect: true,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  commandTimeout: REDIS_DEADLINE_MS,
  connectTimeout: REDIS_DEADLINE_MS,
  disconnectTimeout: DISCONNECT_MS,
  keepAlive: 5_000,
  // By a failover, the primary became a replica: the address may lead to another server by now.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} satisfies RedisOptions

/** For the client that commands are given to: the one server, or the cluster as a whole. */
const COMMAND_OPTIONS = { enableOfflineQueue: false }

const CLUSTER_OPTIONS = {
  ...COMMAND_OPTIONS,
  lazyConnect: true,
  enableAutoPipelining: true,
  // A pipeline waits for the next turn of the event loop, and for the answers of the one before. Commands that
  // subscribe, unsubscribe or check the connection must not. Publishing need not: a batch is one command already.
  autoPipeliningIgnoredCommands: ['ping', 'ssubscribe', 'sunsubscribe', 'publish', 'spublish'],
  shardedSubscribers: true,
  // If a node moved or died: five attempts in a quarter of a second, which read the slots again each time.
  maxRedirections: 5,
  retryDelayOnFailover: 50,
  retryDelayOnClusterDown: 50,
  slotsRefreshInterval: 2_000,
  // Longer than a cut connection takes to end. Otherwise ioredis mistakes the new connection for it, and drops it.
  clusterRetryStrategy: (attempt: number) => 3 * DISCONNECT_MS + reconnectDelayMs(attempt),
  clusterNodeRetryStrategy: reconnectDelayMs,
} satisfies ClusterOptions

/** A sentinel that does not answer in time is skipped, and the next one is asked. */
const SENTINEL_OPTIONS = {
  sentinelRetryStrategy: reconnectDelayMs,
  sentinelReconnectStrategy: reconnectDelayMs,
  sentinelCommandTimeout: REDIS_DEADLINE_MS,
} satisfies RedisOptions

/**
 * One URL means one server, or the sentinels that know it. Several mean nodes of a cluster. Does not connect yet.
 */
export function createRedisClient(urls: readonly string[], name: string): RedisClient {
  const [url = '', ...others] = urls
  // Redis rejects names with spaces.
  const connectionName = name.replaceAll(/[^!-~]/g, '-')
  if (others.length > 0) return { type: 'cluster', client: createCluster(urls, url, connectionName) }
  const own = { ...OPTIONS, ...COMMAND_OPTIONS, connectionName, retryStrategy: reconnectDelayMs }
  if (isSentinelUrl(url)) {
    return { type: 'standalone', client: new Redis({ ...own, ...SENTINEL_OPTIONS, ...sentinelOptions(url) }) }
  }
  // `href` has the scheme in lower case: ioredis does not encrypt if it is REDISS.
  return { type: 'standalone', client: new Redis(new URL(url).href, own) }
}

/** Throws if the URL is invalid. */
export function sentinelOptions(url: string): RedisOptions {
  const parsed = parseSentinelUrl(url)
  if (typeof parsed === 'string') throw new Error(`The Sentinel URL ${parsed}.`)
  const { sentinels, name, database, isEncrypted } = parsed
  const tls = isEncrypted ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}
  const credentials = {
    username: parsed.username,
    password: parsed.password,
    sentinelUsername: parsed.sentinelUsername,
    sentinelPassword: parsed.sentinelPassword,
  }
  return {
    sentinels: sentinels.map(({ host, port }) => {
      return { host: host.replaceAll(/^\[|\]$/g, ''), port: Number(port ?? SENTINEL_PORT) }
    }),
    name,
    db: database,
    ...tls,
    ...Object.fromEntries(Object.entries(credentials).filter(([, value]) => value !== undefined)),
  }
}

/** The cluster reports only addresses of its nodes. All use the credentials and the encryption of the first URL. */
function createCluster(urls: readonly string[], first: string, connectionName: string): Cluster {
  const { username, password, protocol } = new URL(first)
  const isEncrypted = protocol === 'rediss:'
  return new Cluster([...urls], {
    ...CLUSTER_OPTIONS,
    redisOptions: {
      ...OPTIONS,
      connectionName,
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(isEncrypted ? { tls: {} } : {}),
    },
    // A certificate is for a name, so with encryption, names are not resolved to addresses.
    ...(isEncrypted ? { dnsLookup: (address, done) => done(null, address) } : {}),
  })
}

/** The first attempt follows within 50 ms, later ones less and less often, at least once a second, without end. */
function reconnectDelayMs(attempt: number): number {
  return backoffMs(attempt - 1, RECONNECT_BACKOFF)
}

/** The servers that must answer: the one, or the known masters of the cluster. */
export function serversOf(redis: RedisClient): readonly Redis[] {
  return redis.type === 'standalone' ? [redis.client] : redis.client.nodes('master')
}
