import { elapsedMs } from '../lib/clock.ts'
import { createLevelCommands } from '../overload/level-commands.ts'
import { rankOf } from '../overload/levels.ts'
import { createOperationAdmission } from '../overload/operation-admission.ts'
import { createSendThrottle } from '../overload/send-throttle.ts'
import { createServiceLevels } from '../overload/service-levels.ts'
import { createSignals } from '../overload/signals.ts'
import { createRateLimits } from '../quotas/rate-limits.ts'
import type { Foundation } from './foundation.ts'
import type { MessageParts } from './messages.ts'

export type Overload = ReturnType<typeof wireOverload>

/** Service levels, and which operations are admitted. */
export function wireOverload(
  { config, database, clock, logger, metrics, backplane, intake }: Foundation,
  { commitMs, messageSender }: MessageParts,
) {
  const throttle = createSendThrottle(elapsedMs)
  const levels = createServiceLevels({
    signals: createSignals({
      inboundWaitMs: intake.takeLongestWaitMs,
      waitingSends: () => messageSender.depth(),
      commitMs,
      waitingStatements: database.waitingStatements,
    }),
    commands: createLevelCommands({ writer: database.operatorWriter }),
    onReading: throttle.adjust,
    clock,
    now: elapsedMs,
    isAutomatic: config.load.isAutomatic,
    logger,
  })
  const limits = createRateLimits({ now: elapsedMs, factor: config.load.limitFactor })
  metrics.gauge('service_level', 'Service level that clients see: 0 NORMAL, 1 BUSY, 2 ESSENTIAL.', () =>
    rankOf(levels.status().level),
  )
  metrics.gauge('pressure', 'Level by the load of this gateway alone; 3 is beyond ESSENTIAL.', () =>
    rankOf(levels.pressure()),
  )
  return {
    levels,
    operationAdmission: createOperationAdmission({ levels, limits, throttle, metrics }),
    sharedLimits: backplane.shareLimits(limits),
  }
}
