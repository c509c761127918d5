import type { IncomingMessage, ServerResponse } from 'node:http'
import { withTimeout } from '../../lib/async.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { sendJson } from '../http/json-response.ts'

/** Resolves if the dependency works. Rejects if it does not. */
export type HealthCheck = () => Promise<unknown>

export type HealthReader = 'public' | 'operator'

/** Liveness and readiness of this gateway. */
export type Health = Readonly<{
  /** From now on the gateway is ready if its checks pass. */
  markReady(): void
  /** From now on the gateway is not ready, for good. */
  markDraining(): void
  /** Runs the checks, unless they ran in the last second. */
  readiness(): Promise<Readiness>
  /**
   * Answers /health/live and /health/ready. Returns false for any other path. On the public port, where strangers may
   * ask, readiness has only its status; for the operator it has the checks and warnings as well.
   */
  handle(request: IncomingMessage, response: ServerResponse, reader: HealthReader): boolean
}>

const OK = 'ok'
const FAILING = 'slow or failing'
type Verdict = typeof OK | typeof FAILING

export type Readiness = Readonly<{
  status: 'starting' | 'ready' | 'failing' | 'draining'
  /** By dependency. Not every failure makes the gateway unready. */
  checks: Readonly<Record<string, Verdict>>
  /** One sentence for the operator each, by topic. Warnings do not make the gateway unready. */
  warnings: Readonly<Record<string, string>>
}>

type Dependencies = Readonly<{
  /** Dependencies that the gateway cannot work without. */
  checks: Readonly<Record<string, HealthCheck>>
  /**
   * Dependencies that the gateway works without, and whether they work. They are reported but do not make it unready.
   * If Redis is lost, it is lost for all gateways at once, and they keep working. A load balancer that took all of them
   * for unready would have no gateway left.
   */
  optional?: Readonly<Record<string, () => boolean>>
  /** Each returns a warning, or undefined. */
  warnings?: Readonly<Record<string, () => string | undefined>>
  logger: Logger
  /** How long a check may take. Default: 3 seconds, so that a slow database does not make every gateway unready. */
  deadlineMs?: number
  /** How long an outcome is reused, so that many requests cause one check. Default: 1 second. */
  keepMs?: number
}>

/** One failed check is no outage. If it were reported, a load balancer would move all clients for nothing. */
const FAILURES_UNTIL_UNREADY = 2

export function createHealth(dependencies: Dependencies): Health {
  const { checks, optional = {}, warnings = {}, logger, deadlineMs = 3_000, keepMs = 1_000 } = dependencies
  let phase: 'starting' | 'ready' | 'draining' = 'starting'
  const failures = new Map<string, number>()
  const running = new Map<string, Promise<unknown>>()
  let latest: Readonly<{ at: number; outcome: Promise<Readiness['checks']> }> | undefined

  /** A check that hangs is not started again, because it may hold a scarce resource. The next run waits for it too. */
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
      logger.warn({ err: error, check: name, failures: failures.get(name) }, 'health check failed')
    }
  }

  async function runAll(): Promise<Readiness['checks']> {
    const entries = Object.entries(checks)
    await Promise.all(entries.map(([name, check]) => run(name, check)))
    return Object.fromEntries(entries.map(([name]) => [name, verdict(failures.get(name) ?? 0)]))
  }

  function activeWarnings(): Readiness['warnings'] {
    const all = Object.entries(warnings).map(([name, warning]) => [name, warning()] as const)
    return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined))
  }

  async function readiness(): Promise<Readiness> {
    if (latest === undefined || performance.now() - latest.at >= keepMs) {
      latest = { at: performance.now(), outcome: runAll() }
    }
    const outcome = await latest.outcome
    const isFailing = Object.values(outcome).some((result) => result !== OK)
    const status = phase === 'ready' && isFailing ? 'failing' : phase
    return { status, checks: { ...outcome, ...optionalVerdicts() }, warnings: activeWarnings() }
  }

  function optionalVerdicts(): Readiness['checks'] {
    const verdicts = Object.entries(optional).map(([name, works]) => [name, works() ? OK : FAILING] as const)
    return Object.fromEntries(verdicts)
  }

  async function sendReadiness(response: ServerResponse, reader: HealthReader): Promise<void> {
    const { status, checks: outcomes, warnings: active } = await readiness()
    const hasWarnings = Object.keys(active).length > 0
    const details = hasWarnings ? { checks: outcomes, warnings: active } : { checks: outcomes }
    sendJson(response, status === 'ready' ? 200 : 503, {
      status,
      ...(reader === 'operator' && details),
    })
  }

  function handle(request: IncomingMessage, response: ServerResponse, reader: HealthReader): boolean {
    const path = request.url?.split('?', 1)[0]
    if (path === '/health/live') sendJson(response, 200, { status: 'alive' })
    else if (path === '/health/ready') void sendReadiness(response, reader)
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
  return failures < FAILURES_UNTIL_UNREADY ? OK : FAILING
}
