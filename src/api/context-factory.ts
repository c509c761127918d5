import pLimit from 'p-limit'
import type { Session } from '../auth/session.ts'
import type { Clock } from '../lib/clock.ts'
import type { Context } from './context.ts'
import type { Services } from './services.ts'
import { createLoaders } from './loaders.ts'

/** The part of the caller that a context needs. */
type Caller = Readonly<{ session: Session | undefined; disconnectSlowReader: (() => void) | undefined }>

/** The bound matters for a query that selects a page of each of a hundred chats. */
const MAX_CONCURRENT_PAGES = 3

/** Creates the context of each operation. Services are shared; loaders belong to one operation. */
export function createContextFactory(services: Services, clock: Clock): (caller: Caller) => Context {
  return ({ session, disconnectSlowReader }) => ({
    services,
    clock,
    pages: pLimit(MAX_CONCURRENT_PAGES),
    loaders: createLoaders(services, session?.viewer.userId),
    session,
    disconnectSlowReader,
  })
}
