import type { Clock } from '../lib/clock.ts'
import { pause } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type Feature, isPausedAt, type FeatureMode, modeAt, receiptRestMsAt } from './features.ts'
import { earliestEndMs, type PressureState, initialPressure, transition } from './pressure.ts'
import type { LevelCommands } from './level-commands.ts'
import { levelOf, type Pressure, rankOf, type ServiceLevel } from './levels.ts'
import { type ServiceStatus, StatusFeed, statusAt } from './service-status.ts'
import type { Signals } from './signals.ts'
import { pressureFor, type Readings } from './thresholds.ts'

/** The level of this gateway, and what follows from it. */
export type ServiceLevels = Readonly<{
  status(): ServiceStatus
  /** The present status at once, then each change. */
  subscribe(): AsyncIterableIterator<ServiceStatus, undefined>
  modeOf(feature: Feature): FeatureMode
  isPaused(feature: Feature): boolean
  /** How long receipts gather between two writes at least, in milliseconds. */
  receiptRestMs(): number
  /** When it makes sense to ask again for what is paused, in milliseconds. Not the same for everybody. */
  retryAfterMs(): number
  /** After how long somebody who wants to connect should try again; undefined: they are welcome. */
  connectionRetryAfterMs(): number | undefined
  /** Whoever has had messages waiting to be read for longer than this has the first refused, in milliseconds. */
  maxBacklogMs(): number
  /** How hard this gateway is pressed by its own measure, whatever the operator says. */
  pressure(): Pressure
  start(): void
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  signals: Signals
  commands: Pick<LevelCommands, 'current'>
  /** Hears of each reading: the pressure that came of it, and the one that it asks for by itself. */
  onReading(pressure: Pressure, asked: Pressure): void
  clock: Clock
  /** Monotonic milliseconds. */
  now: () => number
  /** False: the operator alone decides, and nobody is turned away or held back. */
  isAutomatic: boolean
  logger: Logger
}>

const READ_EVERY_MS = 250
/** A command reaches every gateway within this time, and that of one look into the database. */
const LOOK_EVERY_MS = 1_000
const RETRY_AFTER_MS = { min: 5_000, max: 60_000 }
const TURN_AWAY_MS = 5_000
/** A moment's flood is waited for; what has flooded for a while is drained, or everybody would wait for it all the time. */
const MAX_BACKLOG_MS = { of: 2_000, beyond: 300 }

/**
 * Two sources say what the level is: the ladder, which follows this gateway's own signals, and the operator's command.
 * While there is a command it decides, upwards and downwards, until it expires: who holds the level down has a reason
 * that no signal knows. What protects the process itself, turning newcomers away and holding the heaviest senders
 * back, is no matter of opinion and follows the signals alone.
 */
export function createServiceLevels(dependencies: Dependencies): ServiceLevels {
  const { signals, commands, onReading, clock, now, isAutomatic, logger } = dependencies
  const ended = new AbortController()
  const feed = new StatusFeed(statusAt('NORMAL', clock.now()))
  let ladder: PressureState = initialPressure(now())
  let command: Readonly<{ level: ServiceLevel; until: number }> | undefined
  let running: Promise<unknown> = Promise.resolve()

  function read(): void {
    const readings = signals.read()
    if (isAutomatic) ladder = transition(ladder, readings, now())
    settle(readings)
    onReading(ladder.pressure, isAutomatic ? pressureFor(readings) : 'NORMAL')
  }

  function settle(readings: Readings | undefined): void {
    if (command !== undefined && command.until <= now()) command = undefined
    const level = command?.level ?? levelOf(ladder.pressure)
    if (level === feed.present.level) return
    const by = command === undefined ? 'load' : 'operator'
    logger.warn({ from: feed.present.level, to: level, by, readings }, 'the service level changes')
    feed.publish(statusAt(level, clock.now()))
  }

  /** Where the database does not answer, what it said last stays in force, until it expires. */
  async function look(): Promise<void> {
    try {
      const found = await commands.current()
      command = found && { level: found.level, until: now() + found.remainingMs }
      settle(undefined)
    } catch (error) {
      logger.warn({ err: error }, "the operator's command could not be looked for")
    }
  }

  async function repeat(work: () => unknown, everyMs: number): Promise<void> {
    while (!ended.signal.aborted) {
      await work()
      await pause(everyMs, ended.signal)
    }
  }

  function remainingMs(): number {
    return command === undefined ? earliestEndMs(ladder, now()) : command.until - now()
  }

  function retryAfterMs(): number {
    const { min, max } = RETRY_AFTER_MS
    return scattered(Math.min(Math.max(remainingMs(), min), max))
  }

  function maxBacklogMs(): number {
    if (!isAutomatic) return Infinity
    return ladder.pressure === 'BEYOND' ? MAX_BACKLOG_MS.beyond : MAX_BACKLOG_MS.of
  }

  return {
    status: () => feed.present,
    subscribe: () => feed.subscribe(),
    modeOf: (feature) => modeAt(feed.present.level, feature),
    isPaused: (feature) => isPausedAt(feed.present.level, feature),
    receiptRestMs: () => receiptRestMsAt(feed.present.level),
    retryAfterMs,
    connectionRetryAfterMs: () =>
      rankOf(ladder.pressure) < rankOf('BEYOND')
        ? undefined
        : scattered(TURN_AWAY_MS + earliestEndMs(ladder, now())),
    maxBacklogMs,
    pressure: () => ladder.pressure,
    start() {
      signals.start()
      running = Promise.all([repeat(read, READ_EVERY_MS), repeat(look, LOOK_EVERY_MS)])
    },
    async stop() {
      ended.abort()
      await running
      signals.stop()
    },
  }
}

/** Up to half as long again, so that not everybody comes back in the same moment. */
function scattered(ms: number): number {
  return Math.round(ms * (1 + Math.random() / 2))
}
