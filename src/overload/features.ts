import type { ServiceLevel } from './levels.ts'

/**
 * How a feature works at a level:
 *
 * - `on`: as usual.
 * - `delayed`: as usual, but later.
 * - `trickle`: reported as paused. Data that must not be lost is still accepted, and stored seldom and in bulk.
 * - `off`: rejected with SERVICE_DEGRADED, or answered as unknown.
 */
export type FeatureMode = 'on' | 'delayed' | 'trickle' | 'off'

/** How each feature works at each level. No other code asks for the level; it asks whether a feature is on. */
export const FEATURES = {
  messages: { NORMAL: 'on', BUSY: 'on', ESSENTIAL: 'on' },
  receipts: { NORMAL: 'on', BUSY: 'delayed', ESSENTIAL: 'trickle' },
  presence: { NORMAL: 'on', BUSY: 'off', ESSENTIAL: 'off' },
  typing: { NORMAL: 'on', BUSY: 'off', ESSENTIAL: 'off' },
  uploads: { NORMAL: 'on', BUSY: 'on', ESSENTIAL: 'off' },
  retention: { NORMAL: 'on', BUSY: 'delayed', ESSENTIAL: 'delayed' },
} as const satisfies Record<string, Record<ServiceLevel, FeatureMode>>

export type Feature = keyof typeof FEATURES

export function modeAt(level: ServiceLevel, feature: Feature): FeatureMode {
  return FEATURES[feature][level]
}

export function isPausedAt(level: ServiceLevel, feature: Feature): boolean {
  return ['trickle', 'off'].includes(modeAt(level, feature))
}

/** The paused features, by the names that clients see. */
export function pausedAt(level: ServiceLevel): readonly Feature[] {
  return (Object.keys(FEATURES) as Feature[]).filter((feature) => isPausedAt(level, feature))
}

/**
 * The least time between two writes of receipts, in milliseconds. A receipt is answered once it is stored, at every
 * level, so the longest is well below the time limit of an operation.
 */
const RECEIPT_REST_MS = { on: 0, delayed: 1_000, trickle: 4_000, off: 4_000 } as const satisfies Record<
  FeatureMode,
  number
>

export function receiptRestMsAt(level: ServiceLevel): number {
  return RECEIPT_REST_MS[modeAt(level, 'receipts')]
}
