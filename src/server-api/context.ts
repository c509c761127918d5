import DataLoader from 'dataloader'
import type { RevocationCommands } from '../auth/revocation-commands.ts'
import type { Session } from '../auth/session.ts'
import type { PageLimit } from '../api/connections.ts'
import { pageLimitFor } from '../api/context-factory.ts'
import type { Deadline } from '../api/context.ts'
import { forbidden, notFound, ParleyError } from '../errors.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import type { Chats } from '../chats/chats.ts'
import type { ChatDeleter } from '../chats/delete-chat.ts'
import type { ChatUpdater } from '../chats/update-chat.ts'
import type { EnsureGroup } from '../groups/create-group.ts'
import type { MemberUpdater } from '../groups/update-members.ts'
import { globalId, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import type { Scope, ServerKey } from '../keys/server-key.ts'
import type { MessageChanger } from '../messages/change-message.ts'
import type { Messages } from '../messages/messages.ts'
import type { MessageSender } from '../messages/send-message.ts'
import type { User } from '../users/user.ts'
import type { Users } from '../users/users.ts'
import type { Webhooks } from '../followers/webhooks/webhooks.ts'
import type { Clock } from '../lib/clock.ts'

/** The services that resolvers of the server API may call. */
export type ServerServices = Readonly<{
  users: Users
  revocations: Pick<RevocationCommands, 'revokeUser'>
  chats: Chats
  chatLog: ChatLog
  chatUpdater: ChatUpdater
  chatDeleter: ChatDeleter
  ensureGroup: EnsureGroup
  memberUpdater: MemberUpdater
  messages: Messages
  messageSender: MessageSender
  messageChanger: MessageChanger
  webhooks: Pick<Webhooks, 'list' | 'replay'>
}>

/** The session of a call. Its viewer is the system user, so that calls through all gateways read what calls wrote. */
export type ServerSession = Session & Readonly<{ key: ServerKey }>

/** Returns the session of calls with a key. */
export function sessionOf(key: ServerKey): ServerSession {
  const viewer = { userId: SYSTEM_USER_ID, name: 'System', avatarUrl: null }
  return {
    viewer,
    token: { userId: SYSTEM_USER_ID, tokenId: undefined, statedIssuedAt: undefined },
    expiresAt: key.expiresAt ?? undefined,
    isRevoked: () => false,
    renew: undefined,
    key,
  }
}

/** Creates the context of each call. Errors: UNAUTHENTICATED – the call came without a key. */
export function createServerContextFactory(
  services: ServerServices,
  clock: Clock,
): (session: Session | undefined) => ServerContext {
  return (session) => {
    const deadline: Deadline = { at: Infinity }
    // Not cached: a later mutation of the same call can change a user.
    const users = new DataLoader<UserId, User>(
      async (ids) =>
        (await services.users.findCurrent(ids)).map(
          (user, index) => user ?? notFound(`User ${globalId.user(ids[index] as UserId)}`),
        ),
      { cache: false },
    )
    return {
      services,
      key: keyOf(session),
      actedAs: new Set(),
      loadUser: (id) => users.load(id),
      async loadPerson(id) {
        if (id === SYSTEM_USER_ID) throw notFound(`User ${globalId.user(id)}`)
        return users.load(id)
      },
      pages: pageLimitFor(deadline),
      deadline,
      clock,
    }
  }
}

function keyOf(session: (Session & Partial<ServerSession>) | undefined): ServerKey {
  if (session?.key !== undefined) return session.key
  throw new ParleyError(
    'UNAUTHENTICATED',
    'The key is missing. Send it as "Authorization: Bearer parley_sk_…". "parley key create" makes one.',
  )
}

/** The context that every resolver of the server API receives. */
export type ServerContext = Readonly<{
  services: ServerServices
  key: ServerKey
  /** The users in whose name the call has acted so far, for the audit log. */
  actedAs: Set<UserId>
  /** Reads of one tick share a statement. Rejects with NOT_FOUND if there is no such user. */
  loadUser(id: UserId): Promise<User>
  /**
   * As `loadUser`, for a user that the call changes, or in whose name it acts. Rejects with NOT_FOUND for the system
   * user.
   */
  loadPerson(id: UserId): Promise<User>
  pages: PageLimit
  deadline: Deadline
  clock: Clock
}>

/** Throws FORBIDDEN if the key does not have the scope. */
export function requireScope({ scopes, name }: ServerKey, scope: Scope): void {
  if (scopes.includes(scope)) return
  throw new ParleyError(
    'FORBIDDEN',
    `The key "${name}" does not have the scope "${scope}". Create one with "parley key create --scope ${scope}".`,
  )
}

/**
 * Returns the user in whose name the call acts, and notes them for the audit log.
 *
 * Errors: FORBIDDEN – the key does not have the scope `act-as-user`, or the user is deactivated; NOT_FOUND – no such
 * user.
 */
export async function actAs(userId: UserId, { key, loadPerson, actedAs }: ServerContext): Promise<UserId> {
  requireScope(key, 'act-as-user')
  const user = await loadPerson(userId)
  if (user.deactivatedAt !== undefined) throw forbidden(`${globalId.user(userId)} is deactivated.`)
  actedAs.add(userId)
  return userId
}
