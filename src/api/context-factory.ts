import type { Session } from '../auth/session.ts'
import type { Clock } from '../lib/clock.ts'
import { type Context, type Deadline, tooLate } from './context.ts'
import type { PageLimit } from './connections.ts'
import { Slots } from '../lib/slots.ts'
import type { Services } from './services.ts'
import type { LiveSink } from '../delivery/live-source.ts'
import type { ResultTexts } from './list-texts/result-texts.ts'
import { createLoaders, createSharedLoaders } from './loaders.ts'
import { ViewerNeededError } from './viewer-needed.ts'

/** The part of the caller that a context needs. */
type Caller = Readonly<{
  session: Session | undefined
  baseUrl?: string
  disconnectSlowReader: (() => void) | undefined
  openLiveSink?: (() => LiveSink) | undefined
  texts?: ResultTexts | undefined
}>

/** The bound matters for a query that selects a page of each of a hundred chats. */
const MAX_CONCURRENT_PAGES = 3
/** Two statements' worth, if pages share statements. */
const MAX_SHARED_PAGES = 20

/** Creates the context of each operation. Services are shared; loaders belong to one operation. */
export function createContextFactory(services: Services, clock: Clock): (caller: Caller) => Context {
  return ({ session, baseUrl = '', disconnectSlowReader, openLiveSink, texts }) => {
    const deadline: Deadline = { at: Infinity }
    return {
      services,
      clock,
      deadline,
      pages: pageLimitFor(deadline),
      sharedPages: pageLimitFor(deadline, MAX_SHARED_PAGES),
      loaders: createLoaders(services, session?.viewer.userId),
      session,
      baseUrl,
      disconnectSlowReader,
      openLiveSink,
      texts,
    }
  }
}

/**
 * Creates the context in which an event is resolved once for all of its subscribers. It has no viewer: a resolver that
 * asks for one fails with ViewerNeededError, so that a result that depends on the viewer can not be shared.
 */
export function createSharedContext(services: Services, clock: Clock): Context {
  const deadline: Deadline = { at: Infinity }
  return {
    services,
    clock,
    deadline,
    pages: pageLimitFor(deadline),
    sharedPages: pageLimitFor(deadline, MAX_SHARED_PAGES),
    loaders: createSharedLoaders(services),
    get session(): never {
      throw new ViewerNeededError()
    },
    baseUrl: '',
    disconnectSlowReader: undefined,
    openLiveSink: undefined,
    texts: undefined,
  }
}

/**
 * A page whose turn comes after the deadline is not read: the client has the answer UNAVAILABLE already. The limit is
 * created with the first page, because most operations read none, and a subscription keeps its context for days.
 */
export function pageLimitFor(deadline: Deadline, max = MAX_CONCURRENT_PAGES): PageLimit {
  let slots: Slots | undefined
  return (load, range) => {
    slots ??= new Slots(max)
    return slots.run(async () => {
      if (performance.now() >= deadline.at) throw tooLate()
      return load(range)
    })
  }
}
