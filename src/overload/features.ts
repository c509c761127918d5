import type { ServiceLevel } from './levels.ts'

/**
 * How a feature works at a level:
 *
 * - `on`: as always.
 * - `delayed`: as always, and later.
 * - `trickle`: paused to the eye. What must not be lost is still taken and stored, seldom and in bulk.
 * - `off`: refused as SERVICE_DEGRADED, or answered as unknown.
 */
export type FeatureMode = 'on' | 'delayed' | 'trickle' | 'off'

/**
 * Which feature works how at which level: the one place that knows. Nothing else in the code asks about load; it asks
 * about a feature.
 */
export const FEATURES = {
  messages: { NORMAL: 'on', BUSY: 'on', ESSENTIAL: 'on' },
  receipts: { NORMAL: 'on', BUSY: 'delayed', ESSENTIAL: 'trickle' },
  presence: { NORMAL: 'on', BUSY: 'off', ESSENTIAL: 'off' },
  typing: { NORMAL: 'on', BUSY: 'off', ESSENTIAL: 'off' },
  retention: { NORMAL: 'on', BUSY: 'delayed', ESSENTIAL: 'delayed' },
} as const satisfies Record<string, Record<ServiceLevel, FeatureMode>>

export type Feature = keyof typeof FEATURES

export function modeAt(level: ServiceLevel, feature: Feature): FeatureMode {
  return FEATURES[feature][level]
}

export function isPausedAt(level: ServiceLevel, feature: Feature): boolean {
  return ['trickle', 'off'].includes(modeAt(level, feature))
}

/** The names of what is paused, as clients see them. */
export function pausedAt(level: ServiceLevel): readonly Feature[] {
  return (Object.keys(FEATURES) as Feature[]).filter((feature) => isPausedAt(level, feature))
}

/**
 * How long receipts gather between two writes at least, in milliseconds. The longest is well below the time within which an
 * operation has to answer: a receipt is answered when it is stored, at every level.
 */
const RECEIPT_REST_MS = { on: 0, delayed: 1_000, trickle: 4_000, off: 4_000 } as const satisfies Record<
  FeatureMode,
  number
>

export function receiptRestMsAt(level: ServiceLevel): number {
  return RECEIPT_REST_MS[modeAt(level, 'receipts')]
}
