import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { Clock } from '../lib/clock.ts'
import type { PushStream } from '../lib/push-stream.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type Feature, type FeatureMode, isPausedAt, modeAt, receiptRestMsAt } from './features.ts'
import type { LevelCommands } from './level-commands.ts'
import { levelOf, type Pressure, type ServiceLevel } from './levels.ts'
import { earliestEndMs, initialPressure, transition } from './pressure.ts'
import { type ServiceStatus, StatusFeed, statusAt } from './service-status.ts'
import type { Signals } from './signals.ts'
import { pressureFor, type Readings } from './thresholds.ts'

/** The service level of this gateway, and what follows from it. */
export type ServiceLevels = Readonly<{
  status(): ServiceStatus
  /** The present status, then each change. */
  subscribe(): PushStream<ServiceStatus>
  modeOf(feature: Feature): FeatureMode
  isPaused(feature: Feature): boolean
  /** The least time between two writes of receipts, in milliseconds. */
  receiptRestMs(): number
  /** When a client should retry a paused feature, in milliseconds. Spread at random. */
  retryAfterMs(): number
  /** When a new connection should be retried, in milliseconds. Undefined if it is accepted. Spread at random. */
  connectionRetryAfterMs(): number | undefined
  /** If the messages of one connection wait longer than this, the first of them is rejected. In milliseconds. */
  maxBacklogMs(): number
  /** The pressure by this gateway's own signals, whatever the operator's command is. */
  pressure(): Pressure
  start(): void
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  signals: Signals
  commands: Pick<LevelCommands, 'current'>
  /** Called after each reading with the new pressure, and with the one that this reading alone demands. */
  onReading(pressure: Pressure, demanded: Pressure): void
  clock: Clock
  /** Monotonic milliseconds. */
  now: () => number
  /** False: the operator alone sets the level. No connection is rejected and no sender is throttled. */
  isAutomatic: boolean
  logger: Logger
}>

const READING_INTERVAL_MS = 250
/** A command reaches every gateway within this time, and the time of one read. */
const COMMAND_INTERVAL_MS = 1_000
const RETRY_AFTER_MS = { min: 5_000, max: 60_000 }
const CONNECTION_RETRY_AFTER_MS = 5_000
/** A short flood is processed late. Beyond ESSENTIAL backlogs are drained, or every user would wait for them. */
const MAX_BACKLOG_MS = { usual: 2_000, beyond: 300 }

/**
 * Two sources set the level: this gateway's own pressure, and the operator's command. A command wins, upwards and
 * downwards, until it expires: the operator may know a reason that no signal shows. Rejecting connections and
 * throttling senders protect the process itself, so they follow the signals alone.
 */
export function createServiceLevels(dependencies: Dependencies): ServiceLevels {
  const { signals, commands, onReading, clock, now, isAutomatic, logger } = dependencies
  const feed = new StatusFeed(statusAt('NORMAL', clock.now()))
  let state = initialPressure(now())
  let command: Readonly<{ level: ServiceLevel; until: number }> | undefined

  const readings = createBackgroundLoop({
    component: 'overload signals',
    run: readSignals,
    intervalMs: READING_INTERVAL_MS,
    logger,
  })
  // If the database does not answer, the last known command stays in force until it expires.
  const commandReads = createBackgroundLoop({
    component: 'service level command',
    run: readCommand,
    intervalMs: COMMAND_INTERVAL_MS,
    logger,
  })

  function readSignals(): void {
    const latest = signals.read()
    if (isAutomatic) state = transition(state, latest, now())
    updateLevel(latest)
    onReading(state.pressure, isAutomatic ? pressureFor(latest) : 'NORMAL')
  }

  async function readCommand(): Promise<void> {
    const found = await commands.current()
    command = found && { level: found.level, until: now() + found.remainingMs }
    updateLevel(undefined)
  }

  function updateLevel(latest: Readings | undefined): void {
    if (command !== undefined && command.until <= now()) command = undefined
    const level = command?.level ?? levelOf(state.pressure)
    const { level: from } = feed.present
    if (level === from) return
    const cause = command === undefined ? 'load' : 'operator'
    logger.warn({ from, to: level, cause, readings: latest }, 'service level changed')
    feed.publish(statusAt(level, clock.now()))
  }

  function retryAfterMs(): number {
    const { min, max } = RETRY_AFTER_MS
    const remainingMs = command === undefined ? earliestEndMs(state, now()) : command.until - now()
    return spread(Math.min(Math.max(remainingMs, min), max))
  }

  function connectionRetryAfterMs(): number | undefined {
    if (state.pressure !== 'BEYOND') return undefined
    return spread(CONNECTION_RETRY_AFTER_MS + earliestEndMs(state, now()))
  }

  function maxBacklogMs(): number {
    if (!isAutomatic) return Infinity
    return state.pressure === 'BEYOND' ? MAX_BACKLOG_MS.beyond : MAX_BACKLOG_MS.usual
  }

  return {
    status: () => feed.present,
    subscribe: () => feed.subscribe(),
    modeOf: (feature) => modeAt(feed.present.level, feature),
    isPaused: (feature) => isPausedAt(feed.present.level, feature),
    receiptRestMs: () => receiptRestMsAt(feed.present.level),
    retryAfterMs,
    connectionRetryAfterMs,
    maxBacklogMs,
    pressure: () => state.pressure,
    start() {
      signals.start()
      readings.start()
      commandReads.start()
    },
    async stop() {
      await Promise.all([readings.stop(), commandReads.stop()])
      signals.stop()
    },
  }
}

/** Adds up to a half at random, so that clients do not all return at the same moment. */
function spread(ms: number): number {
  return Math.round(ms * (1 + Math.random() / 2))
}
