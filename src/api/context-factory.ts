import pLimit from 'p-limit'
import type { Session } from '../auth/session.ts'
import type { Clock } from '../lib/clock.ts'
import type { Context } from './context.ts'
import type { Services } from './services.ts'
import { createLoaders } from './loaders.ts'

/** Who runs an operation, as far as a context is concerned with it. */
type Caller = Readonly<{ session: Session | undefined; disconnectSlowReader: (() => void) | undefined }>

/** A query may ask for a page of each of a hundred chats. */
const PAGES_AT_ONCE = 3

/** Makes each operation's context: the services are shared, the loaders are its own. */
export function createContextFactory(services: Services, clock: Clock): (caller: Caller) => Context {
  return ({ session, disconnectSlowReader }) => ({
    services,
    clock,
    pages: pLimit(PAGES_AT_ONCE),
    loaders: createLoaders(services, session?.viewer.userId),
    session,
    disconnectSlowReader,
  })
}
