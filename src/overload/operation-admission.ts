import { ParleyError, withoutStack } from '../errors.ts'
import type { UserId } from '../ids.ts'
import type { Dispose } from '../lib/dispose.ts'
import type { CostClass } from '../quotas/quotas.ts'
import type { RateLimits } from '../quotas/rate-limits.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Feature } from './features.ts'
import type { OperationRule } from './operation-rules.ts'
import type { SendThrottle } from './send-throttle.ts'
import type { ServiceLevels } from './service-levels.ts'

/** Decides whether an operation may begin. */
export type OperationAdmission = Readonly<{
  /**
   * Throws, with a time to retry:
   *
   * - SERVICE_DEGRADED – the feature is off, or the viewer has too many trickling operations
   * - RATE_LIMITED – the viewer's quota is used up
   *
   * If it returns a function, call that once the operation was answered. Without a viewer nothing is limited, because
   * operations that need a viewer reject by themselves.
   */
  admit(
    request: Readonly<{ rule: OperationRule; viewerId: UserId | undefined; cost: number }>,
  ): Dispose | undefined
  /** Throws RATE_LIMITED if the viewer has named too many users without a common chat. */
  admitStrangers(viewerId: UserId, count: number): void
  /** Charges an answer to the viewer's quota for queries. The answer is sent even if the quota is used up by it. */
  chargeAnswer(viewerId: UserId, chars: number): void
  /**
   * Throws RATE_LIMITED if the sender is throttled, or if their messages have waited for too long (`backlogMs`). Call
   * it before any work is done for the message. In an overload there are thousands a second, and rejecting them late
   * would cost as much as sending them.
   */
  throttleSend(viewerId: UserId, backlogMs: number): void
}>

type Dependencies = Readonly<{
  levels: Pick<ServiceLevels, 'modeOf' | 'retryAfterMs' | 'receiptRestMs' | 'maxBacklogMs'>
  limits: Pick<RateLimits, 'take' | 'charge'>
  throttle: Pick<SendThrottle, 'throttledForMs' | 'recordSend' | 'recordRejection'>
  metrics: Pick<Metrics, 'rejectedOperations' | 'rateLimited'>
}>

/**
 * How many trickling operations of one user may wait. They are answered late, so without a limit they would fill memory
 * and the operations that a connection may have in progress. An app that reports one at a time never reaches it.
 */
const MAX_TRICKLING = 16

/**
 * Answers of fewer characters are free. The number of fields is not enough as a price: a hundred fields may be a
 * hundred of the longest messages, and making the answer takes twenty times as long as reading them.
 */
const CHARS_PER_UNIT = 65_536

export function createOperationAdmission(dependencies: Dependencies): OperationAdmission {
  const { levels, limits, throttle, metrics } = dependencies
  const tricklingCounts = new Map<UserId, number>()

  function rejectDegraded(feature: Feature, retryAfterMs: number): never {
    metrics.rejectedOperations.inc({ code: 'SERVICE_DEGRADED', feature })
    const message = `The feature "${feature}" is paused because the server is overloaded. Try again later.`
    throw new ParleyError('SERVICE_DEGRADED', message, { retryAfterMs })
  }

  function rejectLimited(feature: Feature, cause: CostClass | 'heaviest', retryAfterMs: number): never {
    metrics.rejectedOperations.inc({ code: 'RATE_LIMITED', feature })
    metrics.rateLimited.inc({ class: cause })
    throw withoutStack(
      () => new ParleyError('RATE_LIMITED', 'Too many requests. Try again later.', { retryAfterMs }),
    )
  }

  function takeQuota({ feature, costClass }: OperationRule, viewerId: UserId, cost: number): void {
    if (costClass === undefined) return
    if (costClass === 'send') rejectIfThrottled(viewerId)
    const waitMs = limits.take(viewerId, costClass, cost)
    if (waitMs > 0) rejectLimited(feature, costClass, waitMs)
    if (costClass === 'send') throttle.recordSend(viewerId)
  }

  /** Checked before the quota is taken, so that a rejected message costs nothing. */
  function rejectIfThrottled(viewerId: UserId): void {
    const waitMs = throttle.throttledForMs(viewerId)
    if (waitMs > 0) rejectSend(viewerId, waitMs)
  }

  function rejectSend(viewerId: UserId, retryAfterMs: number): never {
    throttle.recordRejection(viewerId)
    rejectLimited('messages', 'heaviest', retryAfterMs)
  }

  /** Rejects the head of a backlog, as CoDel does (RFC 8289). The messages behind it are then read in time. */
  function throttleSend(viewerId: UserId, backlogMs: number): void {
    rejectIfThrottled(viewerId)
    if (backlogMs > levels.maxBacklogMs()) rejectSend(viewerId, Math.ceil(backlogMs))
  }

  function trickle(feature: Feature, viewerId: UserId): Dispose {
    const count = tricklingCounts.get(viewerId) ?? 0
    if (count >= MAX_TRICKLING) rejectDegraded(feature, levels.receiptRestMs())
    tricklingCounts.set(viewerId, count + 1)
    let isDisposed = false
    return () => {
      if (isDisposed) return
      isDisposed = true
      const left = (tricklingCounts.get(viewerId) ?? 0) - 1
      if (left > 0) tricklingCounts.set(viewerId, left)
      else tricklingCounts.delete(viewerId)
    }
  }

  return {
    admit({ rule, viewerId, cost }) {
      const mode = levels.modeOf(rule.feature)
      if (mode === 'off') rejectDegraded(rule.feature, levels.retryAfterMs())
      if (viewerId === undefined) return undefined
      takeQuota(rule, viewerId, cost)
      return mode === 'trickle' ? trickle(rule.feature, viewerId) : undefined
    },
    admitStrangers(viewerId, count) {
      const waitMs = count === 0 ? 0 : limits.take(viewerId, 'stranger', count)
      if (waitMs > 0) rejectLimited('messages', 'stranger', waitMs)
    },
    chargeAnswer(viewerId, chars) {
      const units = Math.floor(chars / CHARS_PER_UNIT)
      if (units > 0) limits.charge(viewerId, 'query', units)
    },
    throttleSend,
  }
}
