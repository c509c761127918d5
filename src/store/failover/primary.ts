import { EventEmitter } from 'node:events'
import { pause } from '../../lib/async.ts'
import { createBackgroundLoop } from '../../lib/background-loop.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { NoWriterError } from '../sql/database-error.ts'
import type { DatabaseClock } from './database-clock.ts'
import type { ServerState } from '../sql/server-state.ts'
import type { Answer, Answers, Writable } from './choose-writer.ts'
import { type Effect, type PrimaryState, transition } from './primary-state.ts'
import type { ServerProbe } from './server-probe.ts'
import type { TimelineFence } from './timeline-fence.ts'

/** Finds the host that accepts writes, and finds it again after a failover. */
export type Primary = Readonly<{
  /** Resolves with the writer, at once if it is known. Rejects with NoWriterError after 1.5 s without one. */
  writer(): Promise<Writable>
  /** Undefined while no writer is known. */
  current(): Writable | undefined
  /** The state that the latest writer last reported, also while no writer is known. */
  lastState(): ServerState | undefined
  /** Reads the state of the writer, at some moment after the call. */
  readState(): Promise<ServerState>
  /** Checks the hosts soon, because the writer may have moved. Concurrent calls share one check. */
  recheck(): void
  /** Calls `listener` when writes go elsewhere. Every connection that was made before must be closed. */
  onMoved(listener: () => void): void
  /** Rejects if there is no writer. Waits for hosts that are slow to answer, for 10 s at most. */
  start(): Promise<void>
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  /** One per host. */
  probes: readonly ServerProbe[]
  fence: TimelineFence
  /** Learns the time from the writer. */
  clock: Pick<DatabaseClock, 'observe'>
  logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  metrics: Pick<Metrics, 'writerChanges' | 'writerSearchSeconds'>
}>

/** How long `start` waits while a host has not answered. Connecting to a distant or busy one takes some seconds. */
const START_MS = 10_000
/** How long a write waits for a writer. A transaction waits 2 s for a connection, so this must be shorter. */
const WAIT_MS = 1_500
/** Between two checks while the writer answers. */
const WATCH_MS = 1_000
/** Between two checks otherwise: random between half of this and all of it, so that gateways spread. */
const SEARCH_MS = 100
/** How long a check waits for hosts that have not answered. Later checks take the answer as soon as it is there. */
const ANSWER_MS = 400

/**
 * One loop checks the hosts: every second while there is a writer, about ten times a second while there is none or a
 * connection has failed. A failover therefore costs the database one statement per gateway and check, no matter how
 * many sends wait.
 */
export function createPrimary({ probes, fence, clock, logger, metrics }: Dependencies): Primary {
  const stopping = new AbortController()
  const changes = new EventEmitter<{ found: []; moved: [] }>().setMaxListeners(0)
  let state: PrimaryState | undefined
  let delayMs = SEARCH_MS
  /** The error of the last probe that failed. */
  let lastError: unknown
  /** The questions that have no answer yet. */
  const questions = new Map<ServerProbe, Promise<Answer>>()

  const loop = createBackgroundLoop({
    component: 'primary',
    async run() {
      const hasAnswered = check(await readAnswers())
      delayMs = SEARCH_MS * (0.5 + Math.random() / 2)
      return hasAnswered ? delayMs + WATCH_MS : delayMs
    },
    minRestMs: () => delayMs,
    logger,
  })

  /** A slow host is asked once: its next question waits until it has answered. */
  async function readAnswers(): Promise<Answers> {
    const ended = new AbortController()
    const timeout = pause(ANSWER_MS, ended.signal).then(() => 'pending' as const)
    const answers = await Promise.all(probes.map((probe) => Promise.race([ask(probe), timeout])))
    ended.abort()
    for (const [index, probe] of probes.entries()) if (answers[index] !== 'pending') questions.delete(probe)
    return answers
  }

  /** Returns the answer to the question that is open, or asks it. */
  function ask(probe: ServerProbe): Promise<Answer> {
    const question = questions.get(probe) ?? probe.readState().catch(keepError)
    questions.set(probe, question)
    return question
  }

  function keepError(error: unknown): undefined {
    lastError = error
  }

  /** Returns whether the writer has answered. */
  function check(answers: Answers): boolean {
    const nowMs = performance.now()
    const before = state ?? initialState(nowMs)
    const step = transition(before, { answers, highestTimeline: fence.highest(), nowMs })
    state = step.state
    for (const effect of step.effects) perform(effect)
    if (state.type !== 'writable') return false
    const answer = answers[state.last.writer.host]
    if (answer !== undefined && answer !== 'pending') clock.observe(answer.clock)
    return answer !== 'pending' && state.misses === 0
  }

  function perform(effect: Effect): void {
    switch (effect.type) {
      case 'found':
        fence.raise(effect.writer.timeline)
        if (effect.searchMs !== undefined) metrics.writerSearchSeconds.observe(effect.searchMs / 1_000)
        changes.emit('found')
        return
      case 'moved':
        metrics.writerChanges.inc()
        logger.warn({ ...effect.writer }, 'database primary changed; reconnecting')
        changes.emit('moved')
        return
      case 'lost':
        logger.error({ reason: effect.reason, was: effect.writer }, 'database has no primary; writes fail')
        return
      case 'abandoned':
        changes.emit('moved')
        return
      case 'rejected':
        logger.error(
          { rejected: effect.rejected, highestTimeline: fence.highest() },
          'server accepts writes but must not; it is not used',
        )
        return
      default:
        effect satisfies never
    }
  }

  const current = (): Writable | undefined => (state?.type === 'writable' ? state.last.writer : undefined)

  async function writer(): Promise<Writable> {
    const known = current()
    if (known !== undefined) return known
    state ??= initialState(performance.now())
    loop.start()
    loop.wake()
    const waited = new AbortController()
    const end = (): void => waited.abort()
    changes.once('found', end)
    await pause(WAIT_MS, AbortSignal.any([waited.signal, stopping.signal]))
    changes.off('found', end)
    const found = current()
    if (found === undefined) throw new NoWriterError({ cause: lastError })
    return found
  }

  fence.onRaisedElsewhere(loop.wake)

  return {
    writer,
    current,
    lastState: () => state?.last?.server,
    async readState() {
      const probe = probes[(await writer()).host]
      if (probe === undefined) throw new NoWriterError()
      return probe.readState()
    },
    recheck: loop.wake,
    onMoved: (listener) => void changes.on('moved', listener),
    async start() {
      const giveUpAt = performance.now() + START_MS
      for (;;) {
        try {
          await writer()
          return
        } catch (error) {
          const mayAnswer = questions.size > 0 && performance.now() < giveUpAt && !stopping.signal.aborted
          if (!mayAnswer) throw lastError ?? error
        }
      }
    },
    async stop() {
      stopping.abort()
      await loop.stop()
      await Promise.all(probes.map((probe) => probe.close()))
    },
  }
}

function initialState(nowMs: number): PrimaryState {
  return { type: 'searching', sinceMs: nowMs, last: undefined, reported: [] }
}
