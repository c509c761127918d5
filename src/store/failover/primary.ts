import { EventEmitter } from 'node:events'
import { pause } from '../../lib/async.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { type Choice, chooseWriter, isSame, type Writable } from './choose-writer.ts'
import { NoWriterError } from '../sql/no-writer-error.ts'
import type { ServerProbe } from './server-probe.ts'
import type { ServerState } from '../sql/server-state.ts'
import type { TimelineFence } from './timeline-fence.ts'

/** Where writes go at present, and who looks for another place when that one is gone. */
export type Primary = Readonly<{
  /** Resolves with the writer, at once where it is known; rejects with NoWriterError after a second and a half without one. */
  writer(): Promise<Writable>
  /** Undefined: there is none that is known. */
  current(): Writable | undefined
  /** What the writer said last of itself, and what it said since of how safe commits are. */
  state(): ServerState | undefined
  /** How the writer stands at a moment after the call. */
  look(): Promise<ServerState>
  /** Something suggests that the writer is not where it was. However many say so, one look at a time is taken. */
  lookAgain(): void
  /** Calls back when writes go elsewhere: every connection made before has to be given up. */
  onMoved(listener: () => void): void
  /** Rejects unless there is a writer. */
  start(): Promise<void>
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  /** One for each host that may be the primary. */
  probes: readonly ServerProbe[]
  fence: TimelineFence
  logger: Pick<Logger, 'info' | 'warn' | 'error'>
  metrics: Pick<Metrics, 'writerChanges' | 'writerSearchSeconds'>
}>

/** For how long whoever wants to write waits for a writer to be found; a transaction waits 2 s for a connection. */
const WAIT_MS = 1_500
/** Between two looks when all is well. */
const WATCH_MS = 1_000
/** Between two looks while there is no writer; each gateway's are spread between half of it and all. */
const SEARCH_MS = 100
/** How long one look waits for hosts that say nothing, such as one whose network is cut. */
const ANSWER_MS = 400
/** So many looks in a row may find nothing before a writer that nobody else complains of counts as gone. */
const STRIKES = 3

/**
 * Finds the one host that takes writes, and watches it. One loop in two gears: every second while there is a writer,
 * several times a second, with jitter, while there is none or somebody doubts it. So a failover costs the database
 * one statement per gateway and look, whatever number of people are trying to send.
 */
export function createPrimary({ probes, fence, logger, metrics }: Dependencies): Primary {
  const stopping = new AbortController()
  const changes = new EventEmitter<{ found: []; moved: [] }>().setMaxListeners(0)
  let hurry = new AbortController()
  let current: Writable | undefined
  let state: ServerState | undefined
  /** The last writer there was, which the connections that are still open lead to. */
  let last: Writable | undefined
  let strikes = 0
  let isDoubted = false
  let searchingSince: number | undefined
  let running: Promise<void> | undefined
  let complaint = ''
  /** Why the last look that failed did. */
  let failure: unknown

  function begin(): void {
    if (stopping.signal.aborted) return
    searchingSince ??= current === undefined ? performance.now() : undefined
    running ??= run()
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      isDoubted = false
      settle(await answers())
      await pause(SEARCH_MS * (0.5 + Math.random() / 2), stopping.signal)
      if (current !== undefined && strikes === 0) await rest()
    }
  }

  /** Ends early when somebody doubts that the writer is where it was. */
  async function rest(): Promise<void> {
    hurry = new AbortController()
    if (!isDoubted) await pause(WATCH_MS, AbortSignal.any([stopping.signal, hurry.signal]))
  }

  /** What hosts say within the time that a look has; the slow ones are heard with the next. */
  async function answers(): Promise<readonly (ServerState | undefined)[]> {
    const ended = new AbortController()
    const timeout = pause(ANSWER_MS, ended.signal).then(() => undefined)
    const looks = probes.map(async (probe) => Promise.race([probe.look().catch(fail), timeout]))
    const heard = await Promise.all(looks)
    ended.abort()
    return heard
  }

  function fail(error: unknown): undefined {
    failure = error
  }

  function settle(heard: readonly (ServerState | undefined)[]): void {
    const choice = chooseWriter(heard, fence.highest(), last)
    complain(choice)
    if (choice.type === 'found') found(choice.writer, heard[choice.writer.host])
    else if (choice.type !== 'none' || (strikes += 1) >= STRIKES) lose(choice.type)
  }

  function found(writer: Writable, said: ServerState | undefined): void {
    strikes = 0
    state = said
    fence.raise(writer.timeline)
    const hasMoved = last !== undefined && !isSame(writer, last)
    if (current === undefined)
      metrics.writerSearchSeconds.observe((performance.now() - (searchingSince ?? performance.now())) / 1000)
    current = last = writer
    searchingSince = undefined
    if (hasMoved) {
      metrics.writerChanges.inc()
      logger.warn({ ...writer }, 'the database has another primary')
      changes.emit('moved')
    }
    changes.emit('found')
  }

  function lose(why: Exclude<Choice['type'], 'found'>): void {
    if (current !== undefined)
      logger.error({ why, was: current }, 'the database has no primary that can be written to')
    searchingSince ??= performance.now()
    current = undefined
    // What took writes and must not any more is let go of at once, with whatever is under way on it.
    if (why !== 'none') changes.emit('moved')
  }

  /** A second writer is an accident waiting to happen: said once each time that it comes up. */
  function complain(choice: Choice): void {
    const refused = choice.type === 'none' ? [] : choice.refused
    const said = JSON.stringify(refused)
    if (refused.length > 0 && said !== complaint) {
      logger.error(
        { refused, highestTimeline: fence.highest() },
        'a server takes writes that must not: it is left alone',
      )
    }
    complaint = refused.length > 0 ? said : ''
  }

  function lookAgain(): void {
    isDoubted = true
    hurry.abort()
  }

  async function writer(): Promise<Writable> {
    if (current !== undefined) return current
    if (running === undefined) begin()
    else lookAgain()
    const waited = new AbortController()
    const end = (): void => waited.abort()
    changes.once('found', end)
    await pause(WAIT_MS, AbortSignal.any([waited.signal, stopping.signal]))
    changes.off('found', end)
    return known()
  }

  function known(): Writable {
    if (current === undefined) throw new NoWriterError({ cause: failure })
    return current
  }

  fence.onOvertaken(lookAgain)

  return {
    writer,
    current: () => current,
    state: () => state,
    async look() {
      const probe = probes[(await writer()).host]
      if (probe === undefined) throw new NoWriterError()
      return probe.look()
    },
    lookAgain,
    onMoved: (listener) => void changes.on('moved', listener),
    async start() {
      await writer().catch((error: unknown) => {
        throw failure ?? error
      })
    },
    async stop() {
      stopping.abort()
      await running
      await Promise.all(probes.map((probe) => probe.close()))
    },
  }
}
