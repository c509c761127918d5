import type { Bus } from '../bus/bus.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { Clock } from '../lib/clock.ts'

/** What several instances in one process share, and what tests choose. */
export type Overrides = Readonly<{
  clock?: Clock
  bus?: Bus
  sessions?: SessionRegistry
  presence?: Partial<PresenceSettings>
}>

/** How presence works on this gateway. */
export type PresenceSettings = Readonly<{
  /** How long somebody is online after their last activity, in milliseconds; 20 s. */
  windowMs: number
  /** Whether presence is left alone for now: everybody is told that it is not known. Never, unless somebody says so. */
  isPaused(): boolean
}>
