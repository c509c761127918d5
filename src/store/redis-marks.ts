import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { TimelineFence } from './failover/timeline-fence.ts'
import type { SharedMarks } from './replicas/viewer-marks.ts'

type Connection = Pick<RedisConnection, 'send' | 'status'>

const KEEP_MS = 60_000
const FENCE_KEY = 'parley:timeline'
const MEMBER = 'highest'
const FENCE_INTERVAL_MS = 1_000

/** Shared numbers that only grow. Each is the score of a sorted set's one member: ZADD GT raises it atomically. */
export function createRedisMarks(connection: Connection): SharedMarks {
  return {
    async raise(name, mark) {
      const key = keyOf(name)
      await connection.send([
        ['zadd', key, 'GT', mark, MEMBER],
        ['pexpire', key, KEEP_MS],
      ])
    },
    async read(name) {
      const [score] = await connection.send([['zscore', keyOf(name), MEMBER]])
      return Number(score ?? 0)
    },
  }
}

function keyOf(name: string): string {
  return `parley:mark:${name}`
}

/** A fence that gateways share. While Redis is unavailable, each gateway uses what it knows. */
export type SharedFence = TimelineFence & Readonly<{ start(): void; stop(): Promise<void> }>

export function createRedisFence(
  connection: Connection,
  logger: Pick<Logger, 'debug' | 'warn'>,
): SharedFence {
  const listeners: (() => void)[] = []
  let highest = 0

  async function exchange(): Promise<void> {
    if (connection.status() !== 'up') return
    const [, score] = await connection.send([
      ['zadd', FENCE_KEY, 'GT', highest, MEMBER],
      ['zscore', FENCE_KEY, MEMBER],
    ])
    const shared = Number(score ?? 0)
    if (shared <= highest) return
    highest = shared
    for (const listener of listeners) listener()
  }

  const loop = createBackgroundLoop({
    component: 'timeline fence',
    run: exchange,
    intervalMs: FENCE_INTERVAL_MS,
    logger,
  })

  return {
    highest: () => highest,
    raise: (timeline) => {
      highest = Math.max(highest, timeline)
    },
    onRaisedElsewhere: (listener) => void listeners.push(listener),
    start: loop.start,
    stop: loop.stop,
  }
}
