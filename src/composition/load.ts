import type { Foundation } from './foundation.ts'
import { elapsedMs } from '../lib/clock.ts'
import { createOperationAdmission, type OperationAdmission } from '../overload/operation-admission.ts'
import { createSendThrottle } from '../overload/send-throttle.ts'
import { createLevelCommands } from '../overload/level-commands.ts'
import { rankOf } from '../overload/levels.ts'
import { createRateLimits } from '../quotas/rate-limits.ts'
import { createServiceLevels, type ServiceLevels } from '../overload/service-levels.ts'
import type { SharedLimits } from '../quotas/shared-limits.ts'
import { createSignals } from '../overload/signals.ts'
import type { MeasuredLog } from '../messages/commit-latency.ts'

/** What knows how much there is to do, and what may wait. */
export type Load = Readonly<{
  levels: ServiceLevels
  operationAdmission: OperationAdmission
  shared: SharedLimits | undefined
}>

type LoadSources = Readonly<{ log: MeasuredLog; waitingSends(): number }>

export function createLoad(
  { config, database, clock, logger, metrics, backplane, intake }: Foundation,
  { log, waitingSends }: LoadSources,
): Load {
  const throttle = createSendThrottle(elapsedMs)
  const levels = createServiceLevels({
    signals: createSignals({
      waitingToBeReadMs: intake.takeLongestWaitMs,
      waitingSends,
      commitMs: log.commitMs,
      waitingStatements: database.waitingStatements,
    }),
    commands: createLevelCommands({ writer: database.operatorWriter }),
    onReading(pressure, asked) {
      if (pressure === 'BEYOND' && asked === 'BEYOND') throttle.tighten()
      else if (pressure !== 'BEYOND') throttle.relax()
    },
    clock,
    now: elapsedMs,
    isAutomatic: config.load.isAutomatic,
    logger,
  })
  const limits = createRateLimits({ now: elapsedMs, factor: config.load.limitFactor })
  metrics.gauge('service_level', 'The level that clients are told: 0 NORMAL, 1 BUSY, 2 ESSENTIAL.', () =>
    rankOf(levels.status().level),
  )
  metrics.gauge(
    'pressure',
    'How hard this gateway is pressed by its own measure: as its level, and 3 beyond.',
    () => rankOf(levels.pressure()),
  )
  return {
    levels,
    operationAdmission: createOperationAdmission({ levels, limits, throttle, metrics }),
    shared: backplane.share(limits),
  }
}
