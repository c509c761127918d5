import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { isSentinelUrl } from '../config/connection-url.ts'
import { once, withTimeout } from '../lib/async.ts'
import type { BackgroundLoop } from '../lib/background-loop.ts'
import type { Dispose } from '../lib/dispose.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createWriteGatherer } from './gathered-writes.ts'
import { createRedisClient, REDIS_DEADLINE_MS, type RedisClient } from './redis-client.ts'
import { type RedisCommand, sendCommand } from './redis-command.ts'
import { createRedisHeartbeat } from './redis-heartbeat.ts'
import { createRedisPosts } from './redis-posts.ts'
import { createSentinelWatch } from './sentinel-watch.ts'
import { askSentinels } from './sentinels.ts'

/** A connection to Redis that reconnects for as long as it takes. Its errors are logged and counted, never thrown. */
export type RedisConnection = Readonly<{
  redis: RedisClient
  /** Begins to connect. Resolves when connected, and after two seconds at the latest: Redis may come later. */
  start(): Promise<void>
  /** 'up' if commands can be sent. Some nodes of a cluster may be away all the same. */
  status(): 'up' | 'down'
  /**
   * Sends commands in one round trip to each node of a cluster that they concern, and resolves with their answers.
   * Sends none twice, except in a cluster while slots move. Rejects:
   * - at once while the connection is down;
   * - after two seconds without an answer;
   * - with the first error if one of the commands failed. Others may have been executed.
   */
  send(commands: readonly RedisCommand[]): Promise<readonly unknown[]>
  /**
   * Sends one command without its answer. Resolves once the server has executed it, up to 50 ms later. An error that
   * the command itself causes may be lost, so use it only if there is none to expect. Rejects as `send` does.
   */
  post(command: RedisCommand): Promise<void>
  /** Called whenever the connection is made, and whenever one to a node of a cluster is made again. */
  onUp(listener: () => void): Dispose
  /** Called whenever the connection is lost, and whenever one to a node of a cluster is. */
  onDown(listener: () => void): Dispose
  /** The number of errors so far. */
  faults(): number
  /** Closes in order, or cuts the connection after half a second. It can not be started again. */
  close(): Promise<void>
}>

type Options = Readonly<{
  /** One URL of a server or of sentinels, or several of the nodes of a cluster. */
  urls: readonly string[]
  /** The purpose of the connection. Redis shows it in its list of clients, with a dash for each space. */
  name: string
  logger: Logger
}>

type Changes = EventEmitter<{ up: []; down: [] }>

const CLOSE_MS = 500
/** At most one log line in this time: a Redis that is away causes an error at every attempt. */
const LOG_INTERVAL_MS = 1_000

export function connectRedis({ urls, name, logger }: Options): RedisConnection {
  const redis = createRedisClient(urls, name)
  const { client } = redis
  const changes: Changes = new EventEmitter<{ up: []; down: [] }>().setMaxListeners(0)
  const faults = createFaultLog(logger, name)
  const heartbeat = createRedisHeartbeat({ redis, onSilence: faults.report, logger })
  const watch = watchSentinels(urls, redis, logger)
  const gatherWrites = createWriteGatherer()
  client.on('error', faults.report)
  emitChanges(redis, changes, faults.report)

  const status = (): 'up' | 'down' => (client.status === 'ready' ? 'up' : 'down')

  async function send(commands: readonly RedisCommand[]): Promise<readonly unknown[]> {
    if (status() === 'down') throw new Error('Redis is not connected')
    if (redis.type === 'standalone') gatherWrites(redis.client.stream)
    const answers = Promise.all(commands.map((command) => sendCommand(redis, command)))
    return withTimeout(REDIS_DEADLINE_MS, answers, () => new Error('Redis did not answer in time'))
  }

  const posts = createRedisPosts({ redis, send })

  function listen(change: 'up' | 'down', listener: () => void): Dispose {
    changes.on(change, listener)
    return () => void changes.off(change, listener)
  }

  return {
    redis,
    status,
    send,
    post: posts.post,
    onUp: (listener) => listen('up', listener),
    onDown: (listener) => listen('down', listener),
    faults: faults.count,
    start: once(async () => {
      heartbeat.start()
      watch?.start()
      const isUp = new Promise<void>((resolve) => changes.once('up', resolve))
      // Rejects with the first failed attempt. The client makes others.
      client.connect().catch(faults.report)
      const timeout = (): Error => new Error('Redis did not connect in time')
      await withTimeout(REDIS_DEADLINE_MS, isUp, timeout).catch(faults.report)
    }),
    close: once(async () => {
      // A ping under way may take two seconds, and fails when the connection is cut.
      void heartbeat.stop()
      void watch?.stop()
      await disconnect(redis)
      changes.removeAllListeners()
    }),
  }
}

/** Undefined unless the client finds its server by sentinels. */
function watchSentinels(
  [url = '']: readonly string[],
  { type, client }: RedisClient,
  logger: Logger,
): BackgroundLoop | undefined {
  if (type === 'cluster' || !isSentinelUrl(url)) return undefined
  return createSentinelWatch({ client, ask: () => askSentinels(url), logger })
}

/** Turns what the client reports about itself and its nodes into two events. */
function emitChanges(
  { type, client }: RedisClient,
  changes: Changes,
  report: (error: unknown) => void,
): void {
  client.on('ready', () => changes.emit('up'))
  client.on('close', () => changes.emit('down'))
  if (type === 'standalone') return
  client.on('node error', report)
  client.on('nodeError', report)
  const lost = new Set<Redis>()
  client.on('+node', (node: Redis) => {
    node.on('close', () => {
      lost.add(node)
      changes.emit('down')
    })
    // A new node takes the place of a lost one, whose data may be gone.
    node.on('ready', () => {
      if (lost.size === 0) return
      for (const other of lost) if (other === node || other.status === 'end') lost.delete(other)
      changes.emit('up')
    })
  })
}

type FaultLog = Readonly<{ report(error: unknown): void; count(): number }>

function createFaultLog(logger: Logger, name: string): FaultLog {
  let count = 0
  let unlogged = 0
  let loggedAt = -Infinity
  return {
    count: () => count,
    report(error) {
      count += 1
      unlogged += 1
      if (performance.now() - loggedAt < LOG_INTERVAL_MS) return
      logger.warn(
        { err: error, connection: name, errors: unlogged },
        'redis connection failed; it will retry',
      )
      loggedAt = performance.now()
      unlogged = 0
    },
  }
}

async function disconnect({ client }: RedisClient): Promise<void> {
  try {
    if (client.status !== 'ready') throw new Error('Redis is not connected')
    await withTimeout(CLOSE_MS, client.quit(), () => new Error('Redis did not answer in time'))
  } catch {
    client.disconnect()
  }
}
