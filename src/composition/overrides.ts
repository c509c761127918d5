import type { Schema } from '../api/schema.ts'
import type { Bus } from '../bus/bus.ts'
import type { Clock } from '../lib/clock.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'

/** Parts that several gateways in one process share, or that tests replace. */
export type Overrides = Readonly<{
  clock?: Clock
  bus?: Bus
  sessions?: SessionRegistry
  presence?: Partial<PresenceSettings>
  /** Returns the schema to serve, such as one of a later version. Default: the schema as it is. */
  adaptSchema?(schema: Schema): Schema
}>

/** How presence works on this gateway. */
export type PresenceSettings = Readonly<{
  /** How long a user stays online after an activity, in milliseconds. Default: 20 s. */
  windowMs: number
  /** Whether presence is paused: every user is shown as unknown. Default: never. */
  isPaused(): boolean
}>
