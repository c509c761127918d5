import type { Session } from '../auth/session.ts'
import type { Clock } from '../lib/clock.ts'
import type { Context } from './context.ts'
import type { Services } from './services.ts'
import { createLoaders } from './loaders.ts'

/** Who runs an operation, as far as a context is concerned with it. */
type Caller = Readonly<{ session: Session | undefined; disconnectSlowReader: (() => void) | undefined }>

/** Makes each operation's context: the services are shared, the loaders are its own. */
export function createContextFactory(services: Services, clock: Clock): (caller: Caller) => Context {
  return ({ session, disconnectSlowReader }) => ({
    services,
    clock,
    loaders: createLoaders(services, session?.viewer.userId),
    session,
    disconnectSlowReader,
  })
}
