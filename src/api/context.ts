import type { LimitFunction } from 'p-limit'
import type { Session } from '../auth/session.ts'
import type { ChatView } from '../events/chat.ts'
import { ParleyError } from '../errors.ts'
import type { ChatId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import type { Loaders } from './loaders.ts'
import type { Services } from './services.ts'

/** What every resolver gets. */
export type Context = Readonly<{
  services: Services
  loaders: Loaders
  /** Pages are read one by one; of those that an operation asks for, some at once. */
  pages: LimitFunction
  clock: Clock
  /** Who the operation runs for; undefined where it came without a token. */
  session: Session | undefined
  /** Ends the connection that the operation came by, so that its client comes back; undefined for plain HTTP. */
  disconnectSlowReader: (() => void) | undefined
}>

/** The session's person, or UNAUTHENTICATED. */
export function requireViewer({ session }: Context): Session['viewer'] {
  return requireSession(session).viewer
}

/** The session, or UNAUTHENTICATED. */
export function requireSession(session: Session | undefined): Session {
  if (session !== undefined) return session
  throw new ParleyError(
    'UNAUTHENTICATED',
    'Sign in first: send a token as "Authorization: Bearer …", or as connectionParams.authorization',
  )
}

/** The chat as the viewer sees it; NOT_FOUND for one that they no longer do. */
export async function viewOf(
  chat: Readonly<{ id: ChatId; view?: ChatView }>,
  { loaders }: Context,
): Promise<ChatView> {
  return chat.view ?? loaders.chatView.load(chat.id)
}
