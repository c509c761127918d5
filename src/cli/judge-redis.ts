import { connectRedis, type RedisConnection } from '../redis/redis-connection.ts'
import { liveGateways } from '../sessions/redis-leases.ts'
import { createLogger } from '../telemetry/logger.ts'
import { messageOf } from '../lib/error-info.ts'
import { bad, doubtful, type Finding, good } from './finding.ts'

/** What is asked of Redis before it is judged. */
export type RedisFacts = Readonly<{
  /** As Redis tells it, such as 7.0.15. */
  version: string
  isCluster: boolean
  /** Undefined: it does not tell, as some hosted ones don't. */
  evictionPolicy: string | undefined
}>

/** Whether Redis can be reached, is what Parley needs, and which gateways it knows. Changes nothing in it. */
export async function* examineRedis(urls: readonly string[]): AsyncGenerator<Finding> {
  const connection = connectRedis({
    urls,
    name: 'parley doctor',
    logger: createLogger({ level: 'silent', pretty: false }),
  })
  try {
    await connection.start()
    const facts = await factsOf(connection, urls.length > 1)
    yield good('Redis can be reached')
    yield* judgeRedis(facts)
    yield judgeGateways(await liveGateways(connection))
  } catch (error) {
    yield bad(
      `Redis can't be used: ${messageOf(error)}`,
      'Start it, or correct host, port, user and password in REDIS_URL; several addresses are nodes of one cluster. Until then each gateway reads from the database what others would have told it.',
    )
  } finally {
    await connection.close()
  }
}

async function factsOf(connection: RedisConnection, isCluster: boolean): Promise<RedisFacts> {
  const [info] = await connection.send([['info']])
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(String(info))?.[1]
  return {
    version: field('redis_version') ?? 'unknown',
    isCluster,
    evictionPolicy: field('maxmemory_policy'),
  }
}

export function judgeRedis(facts: RedisFacts): readonly Finding[] {
  return [judgeVersion(facts), judgeEviction(facts)]
}

const OLDEST_MINOR = { major: 6, minor: 2 }
/** The first that has sharded pub/sub. */
const OLDEST_CLUSTER_MAJOR = 7

function judgeVersion({ version, isCluster }: RedisFacts): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (isCluster && major < OLDEST_CLUSTER_MAJOR) {
    return bad(
      `Redis ${version} is too old for a cluster`,
      `Upgrade it to ${OLDEST_CLUSTER_MAJOR} or newer, which has sharded pub/sub.`,
    )
  }
  const isNewEnough =
    major > OLDEST_MINOR.major || (major === OLDEST_MINOR.major && minor >= OLDEST_MINOR.minor)
  if (isNewEnough) return good(`Redis ${version}`)
  return bad(
    `Redis ${version} is too old`,
    `Upgrade it to ${OLDEST_MINOR.major}.${OLDEST_MINOR.minor} or newer.`,
  )
}

function judgeEviction({ evictionPolicy }: RedisFacts): Finding {
  if (evictionPolicy === 'noeviction') return good('Redis drops nothing to make room (noeviction)')
  return doubtful(
    evictionPolicy === undefined
      ? 'Redis does not tell its maxmemory-policy'
      : `Redis drops keys to make room when its memory is full (${evictionPolicy})`,
    'Set maxmemory-policy noeviction: gateways that are forgotten are told nothing until they notice, which makes messages late.',
  )
}

type Gateways = readonly Readonly<{ gatewayId: string; sessions: number }>[]

function judgeGateways(gateways: Gateways): Finding {
  if (gateways.length === 0) return good('no gateway is running on this Redis')
  const each = gateways.toSorted((a, b) => a.gatewayId.localeCompare(b.gatewayId)).map(inWords)
  return good(
    `${gateways.length === 1 ? 'a gateway is' : `${gateways.length} gateways are`} running: ${each.join(', ')}`,
  )
}

function inWords({ gatewayId, sessions }: Gateways[number]): string {
  return `${gatewayId} (${sessions === 1 ? '1 person' : `${sessions} people`})`
}
