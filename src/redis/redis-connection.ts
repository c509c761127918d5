import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { once, withTimeout } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createRedisClient, REDIS_DEADLINE_MS, type RedisClient } from './redis-client.ts'
import { keepHeartbeat } from './redis-heartbeat.ts'

export type RedisCommand = readonly [name: string, ...args: (string | number)[]]

/** Ends what it was returned for; calling it again does nothing. */
export type Dispose = () => void

/** A connection to Redis that is made again for as long as it takes. Nothing that befalls it is thrown into the air. */
export type RedisConnection = Readonly<{
  redis: RedisClient
  /** Begins to connect. Resolves when connected, and after two seconds at the latest: Redis may come later. */
  start(): Promise<void>
  /** `up` when commands can be sent; in a cluster some of its nodes may be away all the same. */
  status(): 'up' | 'down'
  /**
   * Sends commands in one round trip, to each node of a cluster that they concern, and resolves with their answers.
   * Rejects at once while the connection is down, after two seconds without an answer, and with the first error
   * where one of them failed; others may have been done. None is sent twice, except in a cluster while slots move.
   */
  send(commands: readonly RedisCommand[]): Promise<readonly unknown[]>
  /** Calls back whenever the connection is made, and whenever one to a node of a cluster is made again. */
  onUp(listener: () => void): Dispose
  /** Calls back whenever the connection is lost, and whenever one to a node of a cluster is. */
  onDown(listener: () => void): Dispose
  /** Errors so far. */
  faults(): number
  /** Says goodbye, or just goes after half a second. It does not start again. */
  close(): Promise<void>
}>

type Options = Readonly<{
  /** One of a server, or several of nodes of a cluster. */
  urls: readonly string[]
  /** What the connection is for; Redis shows it in its list of clients, with a dash for each space. */
  name: string
  logger: Logger
}>

const CLOSE_MS = 500
/** No more than one line in this time, in milliseconds: a Redis that is away says so at every attempt. */
const LOG_INTERVAL_MS = 1_000

export function connectRedis({ urls, name, logger }: Options): RedisConnection {
  const redis = createRedisClient(urls, name)
  const { client } = redis
  const changes = new EventEmitter<{ up: []; down: [] }>().setMaxListeners(0)
  const closing = new AbortController()
  const report = createFaultLog(logger, name)
  client.on('error', report.add)
  watch(redis, changes, report.add)

  const status = (): 'up' | 'down' => (client.status === 'ready' ? 'up' : 'down')

  async function send(commands: readonly RedisCommand[]): Promise<readonly unknown[]> {
    if (status() === 'down') throw new Error('Redis is away')
    const answers = Promise.all(commands.map(async ([command, ...args]) => client.call(command, ...args)))
    return withTimeout(REDIS_DEADLINE_MS, answers, () => new Error('Redis did not answer in time'))
  }

  function subscribe(change: 'up' | 'down', listener: () => void): Dispose {
    changes.on(change, listener)
    return () => void changes.off(change, listener)
  }

  return {
    redis,
    status,
    send,
    onUp: (listener) => subscribe('up', listener),
    onDown: (listener) => subscribe('down', listener),
    faults: () => report.count(),
    start: once(async () => {
      void keepHeartbeat(redis, report.add, closing.signal)
      const isUp = new Promise<void>((resolve) => changes.once('up', resolve))
      // It rejects with the first attempt that fails; others follow.
      client.connect().catch(report.add)
      await withTimeout(REDIS_DEADLINE_MS, isUp, () => new Error('Redis is not there yet')).catch(report.add)
    }),
    close: once(async () => {
      closing.abort()
      await goodbye(redis)
      changes.removeAllListeners()
    }),
  }
}

/** Turns what the client tells of itself and of its nodes into two events. */
function watch(
  { type, client }: RedisClient,
  changes: EventEmitter<{ up: []; down: [] }>,
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
    // A node that is new takes the place of one that was lost: whatever that one held may be gone.
    node.on('ready', () => {
      if (lost.size === 0) return
      for (const other of lost) if (other === node || other.status === 'end') lost.delete(other)
      changes.emit('up')
    })
  })
}

type FaultLog = Readonly<{ add(error: unknown): void; count(): number }>

function createFaultLog(logger: Logger, name: string): FaultLog {
  let count = 0
  let untold = 0
  let lastAt = -Infinity
  return {
    count: () => count,
    add(error) {
      count += 1
      untold += 1
      if (performance.now() - lastAt < LOG_INTERVAL_MS) return
      logger.warn({ err: error, connection: name, errors: untold }, 'trouble with Redis')
      lastAt = performance.now()
      untold = 0
    },
  }
}

async function goodbye({ client }: RedisClient): Promise<void> {
  try {
    if (client.status !== 'ready') throw new Error('There is nobody to say goodbye to')
    await withTimeout(CLOSE_MS, client.quit(), () => new Error('Redis does not hear the goodbye'))
  } catch {
    client.disconnect()
  }
}
