import type { LimitFunction } from 'p-limit'
import type { Session } from '../auth/session.ts'
import type { ChatView } from '../events/chat.ts'
import { ParleyError } from '../errors.ts'
import type { ChatId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import type { Loaders } from './loaders.ts'
import type { Services } from './services.ts'

/** The context that every resolver receives. */
export type Context = Readonly<{
  services: Services
  loaders: Loaders
  /** Limits how many pages of this operation are read at once. */
  pages: LimitFunction
  clock: Clock
  /** The session of the viewer; undefined if the operation came without a token. */
  session: Session | undefined
  /** Closes the connection of the operation, so that its client reconnects. Undefined for plain HTTP. */
  disconnectSlowReader: (() => void) | undefined
}>

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
