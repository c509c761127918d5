import type { Session } from '../auth/session.ts'
import type { LiveSink } from '../delivery/live-source.ts'
import type { ChatView } from '../events/chat.ts'
import { ParleyError, unavailable } from '../errors.ts'
import type { ChatId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import type { PageLimit } from './connections.ts'
import type { ResultTexts } from './list-texts/result-texts.ts'
import type { Loaders } from './loaders.ts'
import type { Services } from './services.ts'

/**
 * The moment, by performance.now(), from which on the answer to a query or mutation is of no use. The execution of
 * an operation sets it. Infinity for the events of a subscription.
 */
export type Deadline = { at: number }

/** The context that every resolver receives. */
export type Context = Readonly<{
  services: Services
  loaders: Loaders
  pages: PageLimit
  /** For pages that are read by shared statements. */
  sharedPages: PageLimit
  deadline: Deadline
  clock: Clock
  /** The session of the viewer; undefined if the operation came without a token. */
  session: Session | undefined
  /** The address of this server as the viewer sees it, without a path. */
  baseUrl: string
  /** Closes the connection of the operation, so that its client reconnects. Undefined for plain HTTP. */
  disconnectSlowReader: (() => void) | undefined
  /** Opens what takes the live items of a subscription. Undefined if its reader asks for each item. */
  openLiveSink: (() => LiveSink) | undefined
  /** Takes the texts of lists. Undefined if the transport can not send texts, and for the events of a subscription. */
  texts: ResultTexts | undefined
}>

/** The error of an operation whose answer would come after its deadline. */
export function tooLate(): ParleyError {
  return unavailable('There was no answer in time. Send the operation again with the same keys.')
}

/** Returns the viewer. Throws UNAUTHENTICATED without a session. */
export function requireViewer({ session }: Context): Session['viewer'] {
  return requireSession(session).viewer
}

/** Returns the session. Throws UNAUTHENTICATED without one. */
export function requireSession(session: Session | undefined): Session {
  if (session !== undefined) return session
  throw new ParleyError(
    'UNAUTHENTICATED',
    'The token is missing. Send it as "Authorization: Bearer …", or as connectionParams.authorization.',
  )
}

/** Returns the chat as the viewer sees it. Rejects with NOT_FOUND if the viewer was never a member. */
export async function viewOf(
  chat: Readonly<{ id: ChatId; view?: ChatView }>,
  { loaders }: Context,
): Promise<ChatView> {
  return chat.view ?? loaders.chatView.load(chat.id)
}
