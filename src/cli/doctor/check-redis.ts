import { messageOf } from '../../lib/error-info.ts'
import { isSentinelUrl } from '../../config/connection-url.ts'
import { askSentinels, type SentinelAnswer } from '../../redis/sentinels.ts'
import { connectRedis, type RedisConnection } from '../../redis/redis-connection.ts'
import { liveGateways } from '../../sessions/redis-leases.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

/** Facts about a Redis server that the checks use. */
export type RedisFacts = Readonly<{
  /** As Redis reports it, such as 7.0.15. */
  version: string
  isCluster: boolean
  /** Undefined if Redis does not report it, as some hosted ones do not. */
  evictionPolicy: string | undefined
}>

/** Checks whether Redis can be reached and suits Parley, and lists its gateways. Changes nothing in it. */
export async function* checkRedis(urls: readonly string[]): AsyncGenerator<Finding> {
  const connection = connectRedis({
    urls,
    name: 'parley doctor',
    logger: createLogger({ level: 'silent', pretty: false }),
  })
  try {
    for (const url of urls.filter(isSentinelUrl)) yield* checkSentinels(await askSentinels(url))
    await connection.start()
    const facts = await readFacts(connection, urls.length > 1)
    yield ok('Redis can be reached')
    yield* checkRedisServer(facts)
    yield listGateways(await liveGateways(connection))
  } catch (error) {
    yield problem(
      `Redis can't be used: ${messageOf(error)}`,
      "Start it, or correct host, port, user and password in REDIS_URL; several addresses are nodes of one cluster, or sentinels. Without Redis, gateways read each other's events from the database.",
    )
  } finally {
    await connection.close()
  }
}

async function readFacts(connection: RedisConnection, isCluster: boolean): Promise<RedisFacts> {
  const [info] = await connection.send([['info']])
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(String(info))?.[1]
  return {
    version: field('redis_version') ?? 'unknown',
    isCluster,
    evictionPolicy: field('maxmemory_policy'),
  }
}

/** Turns what was read into findings. */
export function checkRedisServer(facts: RedisFacts): readonly Finding[] {
  return [checkVersion(facts), checkEviction(facts)]
}

const OLDEST_VERSION = { major: 6, minor: 2 }
/** The first version with sharded pub/sub. */
const OLDEST_CLUSTER_MAJOR = 7

function checkVersion({ version, isCluster }: RedisFacts): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (isCluster && major < OLDEST_CLUSTER_MAJOR) {
    return problem(
      `Redis ${version} is too old for a cluster`,
      `Upgrade it to ${OLDEST_CLUSTER_MAJOR} or newer, which has sharded pub/sub.`,
    )
  }
  const { major: oldestMajor, minor: oldestMinor } = OLDEST_VERSION
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return ok(`Redis ${version}`)
  return problem(`Redis ${version} is too old`, `Upgrade it to ${oldestMajor}.${oldestMinor} or newer.`)
}

function checkEviction({ evictionPolicy }: RedisFacts): Finding {
  if (evictionPolicy === 'noeviction') return ok('Redis evicts nothing to free memory (noeviction)')
  return warning(
    evictionPolicy === undefined
      ? 'Redis does not report its maxmemory-policy'
      : `Redis evicts keys when its memory is full (${evictionPolicy})`,
    'Set maxmemory-policy noeviction. If a session lease is evicted, messages arrive late until the gateway renews it.',
  )
}

/** With fewer, the loss of one leaves no majority that could replace a primary. */
const FEWEST_SENTINELS = 3

/** Turns the answers of sentinels into findings. */
export function* checkSentinels(answers: readonly SentinelAnswer[]): Generator<Finding> {
  const silent = answers.filter(({ primary }) => primary === undefined)
  const primaries = new Set(answers.flatMap(({ primary }) => primary ?? []))
  if (silent.length > 0) {
    yield warning(
      `${silent.length} of ${answers.length} sentinels do not know the primary: ${silent.map(({ sentinel }) => sentinel).join(', ')}`,
      'Start them, or correct addresses, name and sentinelPassword in REDIS_URL.',
    )
  }
  if (primaries.size > 1) {
    yield warning(
      `the sentinels name different primaries: ${[...primaries].join(', ')}`,
      'A failover may be in progress. If this stays, compare their "sentinel monitor" settings.',
    )
  }
  if (answers.length < FEWEST_SENTINELS) {
    yield warning(
      `REDIS_URL names ${answers.length} sentinels`,
      `Name at least ${FEWEST_SENTINELS}, each on its own machine.`,
    )
  }
  const [primary] = primaries
  if (primary !== undefined && primaries.size === 1) yield ok(`the sentinels name ${primary} as the primary`)
}

type Gateways = readonly Readonly<{ gatewayId: string; sessions: number }>[]

function listGateways(gateways: Gateways): Finding {
  if (gateways.length === 0) return ok('no gateway is running on this Redis')
  const each = gateways.toSorted((a, b) => a.gatewayId.localeCompare(b.gatewayId)).map(describe)
  return ok(
    `${gateways.length === 1 ? 'a gateway is' : `${gateways.length} gateways are`} running: ${each.join(', ')}`,
  )
}

function describe({ gatewayId, sessions }: Gateways[number]): string {
  return `${gatewayId} (${sessions} ${sessions === 1 ? 'user' : 'users'})`
}
