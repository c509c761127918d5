import type { IncomingMessage, ServerResponse } from 'node:http'
import { withTimeout } from '../../lib/async.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { sendJson } from '../http/json-response.ts'

/** Resolves if what it checks works, and rejects if not. */
export type HealthCheck = () => Promise<unknown>

/** Whether this instance is alive, and whether it should be sent anything. */
export type Health = Readonly<{
  /** From now on ready, as far as the checks agree. */
  markReady(): void
  /** From now on not ready any more, for good. */
  markDraining(): void
  /** Runs the checks, unless that was done in the last second. */
  readiness(): Promise<Readiness>
  /** Answers /health/live and /health/ready; false for any other path. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
}>

const OK = 'ok'
const FAILING = 'slow or failing'
type Verdict = typeof OK | typeof FAILING

export type Readiness = Readonly<{
  status: 'starting' | 'ready' | 'failing' | 'draining'
  /** Of each dependency; not every one that fails is a reason to be unready. */
  checks: Readonly<Record<string, Verdict>>
  /** What an operator should know, and no reason to be sent nothing: a sentence each, by what it is about. */
  warnings: Readonly<Record<string, string>>
}>

type Dependencies = Readonly<{
  /** Of what nobody can be served without. */
  checks: Readonly<Record<string, HealthCheck>>
  /**
   * Whether what may be missing works. It is told, and is no reason to be unready: a Redis that vanishes vanishes for
   * all gateways at once, which serve people without it; a load balancer that took them for unready would send
   * everybody away, and to nowhere.
   */
  spare?: Readonly<Record<string, () => boolean>>
  /** Each answers with what to warn of, or undefined. */
  warnings?: Readonly<Record<string, () => string | undefined>>
  logger: Logger
  /** How long a check may take. */
  deadlineMs?: number
  /** How long the outcome counts, so that many who ask cause one check. */
  keepMs?: number
}>

/** One lost ping is no outage: a load balancer that hears of it moves everybody for nothing. */
const STRIKES = 2

export function createHealth(dependencies: Dependencies): Health {
  const { checks, spare = {}, warnings = {}, logger, deadlineMs = 1_000, keepMs = 1_000 } = dependencies
  let phase: 'starting' | 'ready' | 'draining' = 'starting'
  const failures = new Map<string, number>()
  const running = new Map<string, Promise<unknown>>()
  let latest: Readonly<{ at: number; outcome: Promise<Readiness['checks']> }> | undefined

  /** A check that hangs is waited for again, not started again: it may hold on to something scarce. */
  function start(name: string, check: HealthCheck): Promise<unknown> {
    const started = running.get(name) ?? (async () => check())().finally(() => running.delete(name))
    running.set(name, started)
    return started
  }

  async function run(name: string, check: HealthCheck): Promise<void> {
    try {
      await withTimeout(deadlineMs, start(name, check), () => new Error(`no answer within ${deadlineMs} ms`))
      failures.delete(name)
    } catch (error) {
      failures.set(name, (failures.get(name) ?? 0) + 1)
      logger.warn({ err: error, check: name, failures: failures.get(name) }, 'a health check failed')
    }
  }

  async function runAll(): Promise<Readiness['checks']> {
    const entries = Object.entries(checks)
    await Promise.all(entries.map(([name, check]) => run(name, check)))
    return Object.fromEntries(entries.map(([name]) => [name, verdict(failures.get(name) ?? 0)]))
  }

  function warn(): Readiness['warnings'] {
    const said = Object.entries(warnings).map(([name, warning]) => [name, warning()] as const)
    return Object.fromEntries(said.filter((entry): entry is [string, string] => entry[1] !== undefined))
  }

  async function readiness(): Promise<Readiness> {
    if (latest === undefined || performance.now() - latest.at >= keepMs) {
      latest = { at: performance.now(), outcome: runAll() }
    }
    const outcome = await latest.outcome
    const isFailing = Object.values(outcome).some((result) => result !== OK)
    const status = phase === 'ready' && isFailing ? 'failing' : phase
    return { status, checks: { ...outcome, ...spareVerdicts() }, warnings: warn() }
  }

  function spareVerdicts(): Readiness['checks'] {
    const verdicts = Object.entries(spare).map(([name, works]) => [name, works() ? OK : FAILING] as const)
    return Object.fromEntries(verdicts)
  }

  async function answerReady(response: ServerResponse): Promise<void> {
    const { warnings: said, ...body } = await readiness()
    const isCalm = Object.keys(said).length === 0
    sendJson(response, body.status === 'ready' ? 200 : 503, isCalm ? body : { ...body, warnings: said })
  }

  function handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = request.url?.split('?', 1)[0]
    if (path === '/health/live') sendJson(response, 200, { status: 'alive' })
    else if (path === '/health/ready') void answerReady(response)
    else return false
    return true
  }

  return {
    markReady: () => {
      if (phase === 'starting') phase = 'ready'
    },
    markDraining: () => {
      phase = 'draining'
    },
    readiness,
    handle,
  }
}

function verdict(failures: number): Verdict {
  return failures < STRIKES ? OK : FAILING
}
