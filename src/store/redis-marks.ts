import { pause } from '../lib/async.ts'
import type { SharedMarks } from './replicas/viewer-marks.ts'
import type { TimelineFence } from './failover/timeline-fence.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'

type Connection = Pick<RedisConnection, 'send' | 'status'>

const KEEP_MS = 60_000
const FENCE_KEY = 'parley:timeline'
const MEMBER = 'highest'
const FENCE_EVERY_MS = 1_000

/** Numbers that only grow: a set of one member whose score is the number, since Redis raises scores in one step. */
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

/** A fence that gateways share; each goes on with what it knows itself while Redis is away. */
export type SharedFence = TimelineFence & Readonly<{ start(): void; stop(): Promise<void> }>

export function createRedisFence(connection: Connection, logger: Pick<Logger, 'warn'>): SharedFence {
  const stopping = new AbortController()
  const listeners: (() => void)[] = []
  let highest = 0
  let running: Promise<void> = Promise.resolve()

  async function exchange(): Promise<void> {
    const [, score] = await connection.send([
      ['zadd', FENCE_KEY, 'GT', highest, MEMBER],
      ['zscore', FENCE_KEY, MEMBER],
    ])
    const others = Number(score ?? 0)
    if (others <= highest) return
    highest = others
    for (const listener of listeners) listener()
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (connection.status() === 'up') {
        await exchange().catch((error: unknown) => logger.warn({ err: error }, 'the timeline was not shared'))
      }
      await pause(FENCE_EVERY_MS, stopping.signal)
    }
  }

  return {
    highest: () => highest,
    raise: (timeline) => {
      highest = Math.max(highest, timeline)
    },
    onOvertaken: (listener) => void listeners.push(listener),
    start() {
      running = run()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
