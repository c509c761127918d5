import { ParleyError, withoutStack } from '../errors.ts'
import type { UserId } from '../ids.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { CostClass } from '../quotas/quotas.ts'
import type { Feature } from './features.ts'
import type { SendThrottle } from './send-throttle.ts'
import type { OperationRule } from './operation-rules.ts'
import type { RateLimits } from '../quotas/rate-limits.ts'
import type { ServiceLevels } from './service-levels.ts'

/** To be called when the operation has been answered. */
export type Release = () => void

/** Whether an operation may begin. */
export type OperationAdmission = Readonly<{
  /**
   * Throws SERVICE_DEGRADED where its feature is off, RATE_LIMITED where the viewer has used up what pays for it; both
   * say when to try again. Where it answers with a release, that has to be called; most need none. Without a viewer
   * there is no limit: whatever needs a viewer refuses by itself.
   */
  admit(
    request: Readonly<{ rule: OperationRule; viewerId: UserId | undefined; cost: number }>,
  ): Release | undefined
  /**
   * Throws RATE_LIMITED for a message by somebody who is held back, or who has had more of them waiting for too long. To
   * be asked before anything is done for it: where it comes to that, there are thousands a second, and refusing them late
   * would cost what sending does.
   */
  throttleSend(viewerId: UserId, backlogMs: number): void
}>

type Dependencies = Readonly<{
  levels: Pick<ServiceLevels, 'modeOf' | 'retryAfterMs' | 'receiptRestMs' | 'maxBacklogMs'>
  limits: Pick<RateLimits, 'take'>
  throttle: Pick<SendThrottle, 'throttledForMs' | 'recordSend' | 'recordRefusal'>
  metrics: Pick<Metrics, 'refused' | 'rateLimited'>
}>

/**
 * What is taken in a trickle is answered late. So that it does not fill up memory, nor the operations that a
 * connection may have under way, a person can have so many of them waiting; an app that does one at a time never
 * notices.
 */
const MAX_TRICKLING = 16

export function createOperationAdmission({
  levels,
  limits,
  throttle,
  metrics,
}: Dependencies): OperationAdmission {
  const trickling = new Map<UserId, number>()

  function refuseDegraded(feature: Feature, retryAfterMs: number): never {
    metrics.refused.inc({ code: 'SERVICE_DEGRADED', feature })
    throw new ParleyError('SERVICE_DEGRADED', `Paused while there is much to do: ${feature}.`, {
      retryAfterMs,
    })
  }

  function refuseLimited(feature: Feature, by: CostClass | 'heaviest', retryAfterMs: number): never {
    metrics.refused.inc({ code: 'RATE_LIMITED', feature })
    metrics.rateLimited.inc({ class: by })
    throw withoutStack(
      () => new ParleyError('RATE_LIMITED', 'Too much at once. Try again later.', { retryAfterMs }),
    )
  }

  function take({ feature, costClass: paidBy }: OperationRule, viewerId: UserId, cost: number): void {
    if (paidBy === undefined) return
    if (paidBy === 'send') refuseHeaviest(viewerId)
    const waitMs = limits.take(viewerId, paidBy, cost)
    if (waitMs > 0) refuseLimited(feature, paidBy, waitMs)
    if (paidBy === 'send') throttle.recordSend(viewerId)
  }

  /** Before anything is taken out of their allowance: what is refused is not spent. */
  function refuseHeaviest(viewerId: UserId): void {
    const waitMs = throttle.throttledForMs(viewerId)
    if (waitMs > 0) refuseSend(viewerId, waitMs)
  }

  function refuseSend(viewerId: UserId, retryAfterMs: number): never {
    throttle.recordRefusal(viewerId)
    refuseLimited('messages', 'heaviest', retryAfterMs)
  }

  /** What is refused of a backlog is its head (as CoDel does it, RFC 8289): so the rest of it is read in time. */
  function holdBack(viewerId: UserId, backlogMs: number): void {
    refuseHeaviest(viewerId)
    if (backlogMs > levels.maxBacklogMs()) refuseSend(viewerId, Math.ceil(backlogMs))
  }

  function trickle(feature: Feature, viewerId: UserId): Release {
    const count = trickling.get(viewerId) ?? 0
    if (count >= MAX_TRICKLING) refuseDegraded(feature, levels.receiptRestMs())
    trickling.set(viewerId, count + 1)
    return () => {
      const left = (trickling.get(viewerId) ?? 0) - 1
      if (left > 0) trickling.set(viewerId, left)
      else trickling.delete(viewerId)
    }
  }

  return {
    admit({ rule, viewerId, cost }) {
      const mode = levels.modeOf(rule.feature)
      if (mode === 'off') refuseDegraded(rule.feature, levels.retryAfterMs())
      if (viewerId === undefined) return undefined
      take(rule, viewerId, cost)
      return mode === 'trickle' ? trickle(rule.feature, viewerId) : undefined
    },
    throttleSend: holdBack,
  }
}
