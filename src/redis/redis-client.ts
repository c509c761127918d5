import { Cluster, Redis, type ClusterOptions, type RedisOptions } from 'ioredis'
import { backoffMs } from '../lib/backoff.ts'

/** What speaks to Redis: one server, or all nodes of a cluster. */
export type RedisClient =
  Readonly<{ type: 'standalone'; client: Redis }> | Readonly<{ type: 'cluster'; client: Cluster }>

/** No command, and no step of connecting, is waited for longer than this, in milliseconds. */
export const REDIS_DEADLINE_MS = 2_000

const RECONNECT_BACKOFF = { firstMs: 50, maxMs: 1_000 }

/** A connection that was given up is cut after this time, in milliseconds: a peer that hangs never says goodbye. */
const DISCONNECT_MS = 20

/*
 * What the settings below are there for:
 *
 * - Nothing is queued while Redis is away, and nothing that was sent is sent again by itself (`maxRetriesPerRequest`
 *   0): a command fails at once, and whoever gave it decides. ioredis would otherwise publish some messages twice.
 * - Its own re-subscribing is off: when that fails, the rejection is nobody's and ends the process.
 * - Commands of one turn of the event loop go out together, and what comes while they are under way with the next.
 */
const OPTIONS = {
  lazyConnect: true,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  commandTimeout: REDIS_DEADLINE_MS,
  connectTimeout: REDIS_DEADLINE_MS,
  disconnectTimeout: DISCONNECT_MS,
  keepAlive: 5_000,
  // A primary that became a replica behind our back, by a failover: the address now leads to another server.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} satisfies RedisOptions

/** For what commands are given to: the one server, or the cluster as a whole. */
const COMMAND_OPTIONS = {
  enableOfflineQueue: false,
  enableAutoPipelining: true,
  // What enters and leaves subscriptions, and what proves a connection alive, has to be sent on its own.
  autoPipeliningIgnoredCommands: ['ping', 'ssubscribe', 'sunsubscribe'],
}

const CLUSTER_OPTIONS = {
  ...COMMAND_OPTIONS,
  lazyConnect: true,
  shardedSubscribers: true,
  // A node that moved or died: five attempts, a quarter of a second, and another look at the slots with each.
  maxRedirections: 5,
  retryDelayOnFailover: 50,
  retryDelayOnClusterDown: 50,
  slotsRefreshInterval: 2_000,
  // Longer than a cut connection takes to end: ioredis takes the new one for it otherwise, and loses it.
  clusterRetryStrategy: (attempt: number) => 3 * DISCONNECT_MS + reconnectDelayMs(attempt),
  clusterNodeRetryStrategy: reconnectDelayMs,
} satisfies ClusterOptions

/** One URL is one server, several are nodes of a cluster. Nothing connects yet. */
export function createRedisClient(urls: readonly string[], name: string): RedisClient {
  const [url = '', ...others] = urls
  // Redis takes no spaces in it.
  const connectionName = name.replaceAll(/[^!-~]/g, '-')
  if (others.length > 0) return { type: 'cluster', client: createCluster(urls, url, connectionName) }
  // By `href` the scheme is in small letters: ioredis does not encrypt where it says REDISS.
  const client = new Redis(new URL(url).href, {
    ...OPTIONS,
    ...COMMAND_OPTIONS,
    connectionName,
    retryStrategy: reconnectDelayMs,
  })
  return { type: 'standalone', client }
}

/** The cluster tells addresses of nodes and nothing else: credentials and encryption of the first URL go for all. */
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
    // A certificate is for a name: where there are certificates, names stay names.
    ...(isEncrypted ? { dnsLookup: (address, done) => done(null, address) } : {}),
  })
}

/** The first attempt within 50 ms, then less and less often, at least once a second, for ever. */
function reconnectDelayMs(attempt: number): number {
  return backoffMs(attempt - 1, RECONNECT_BACKOFF)
}

/** The servers that have to answer: the one, or the masters of the cluster that are known at present. */
export function serversOf(redis: RedisClient): readonly Redis[] {
  return redis.type === 'standalone' ? [redis.client] : redis.client.nodes('master')
}
