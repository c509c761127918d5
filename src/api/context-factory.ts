import pLimit from 'p-limit'
import type { Session } from '../auth/session.ts'
import type { Clock } from '../lib/clock.ts'
import { type Context, type Deadline, tooLate } from './context.ts'
import type { PageLimit } from './connections.ts'
import type { Services } from './services.ts'
import { createLoaders } from './loaders.ts'

/** The part of the caller that a context needs. */
type Caller = Readonly<{ session: Session | undefined; disconnectSlowReader: (() => void) | undefined }>

/** The bound matters for a query that selects a page of each of a hundred chats. */
const MAX_CONCURRENT_PAGES = 3

/** Creates the context of each operation. Services are shared; loaders belong to one operation. */
export function createContextFactory(services: Services, clock: Clock): (caller: Caller) => Context {
  return ({ session, disconnectSlowReader }) => {
    const deadline: Deadline = { at: Infinity }
    return {
      services,
      clock,
      deadline,
      pages: createPageLimit(deadline),
      loaders: createLoaders(services, session?.viewer.userId),
      session,
      disconnectSlowReader,
    }
  }
}

/** A page whose turn comes after the deadline is not read: the client has the answer UNAVAILABLE already. */
function createPageLimit(deadline: Deadline): PageLimit {
  const limit = pLimit(MAX_CONCURRENT_PAGES)
  return (load, range) =>
    limit(() => {
      if (performance.now() >= deadline.at) throw tooLate()
      return load(range)
    })
}
