import { idArgument } from '../../api/arguments.ts'
import { parseData } from '../../chats/custom-data.ts'
import { badInput, notFound } from '../../errors.ts'
import { globalId, SYSTEM_USER_ID, type UserId } from '../../ids.ts'
import { toSingleLine } from '../../lib/single-line.ts'
import type { UserInput as UserChange } from '../../users/user.ts'
import type { ServerBuilder } from '../builder.ts'
import type { ServerContext } from '../context.ts'

/** The most users of one call. */
const MAX_USERS = 500
/** Tokens that a call revokes stay revoked for 90 days, as those of `parley revoke`. They should not live longer. */
const REVOKED_FOR_S = 90 * 86_400
const MAX_PICTURE_LENGTH = 2_048

export function defineUsers(builder: ServerBuilder): void {
  builder.objectType('User', {
    fields: (t) => ({
      id: t.id({ resolve: ({ id }) => globalId.user(id) }),
      name: t.exposeString('name'),
      avatarUrl: t.exposeString('avatarUrl', { nullable: true }),
      data: t.expose('data', { type: 'JSON', nullable: true }),
      deactivatedAt: t.field({
        type: 'DateTime',
        nullable: true,
        resolve: ({ deactivatedAt }) => deactivatedAt ?? null,
      }),
    }),
  })
  defineAccess(builder)
  const input = builder.inputType('UserInput', {
    fields: (t) => ({
      id: t.id({ required: true }),
      name: t.string({ required: true }),
      avatarUrl: t.string(),
      data: t.field({ type: 'JSON' }),
    }),
  })
  builder.queryField('users', (t) =>
    t.field({
      type: ['User'],
      nullable: { list: false, items: true },
      args: { ids: t.arg.idList({ required: true }) },
      resolve: async (_, { ids }, { services }) => {
        requireFew(ids)
        const users = await services.users.findCurrent(idArgument.users('ids', ids))
        return users.map((user) => user ?? null)
      },
    }),
  )
  builder.mutationField('upsertUsers', (t) =>
    t.field({
      type: ['User'],
      args: { users: t.arg({ type: [input], required: true }) },
      resolve: async (_, { users }, context) => {
        requireFew(users)
        const changes = users.map((user, index) => toChange(user, `users[${index}]`))
        await context.services.users.put(changes)
        return Promise.all(changes.map(({ id }) => context.loadUser(id)))
      },
    }),
  )
}

function defineAccess(builder: ServerBuilder): void {
  builder.mutationFields((t) => ({
    deactivateUser: t.field({
      type: 'User',
      args: { userId: t.arg.id({ required: true }) },
      resolve: async (_, args, context) => {
        const userId = idArgument.user('userId', args.userId)
        await setDeactivated(userId, true, context)
        await signOut(userId, context)
        return context.loadUser(userId)
      },
    }),
    reactivateUser: t.field({
      type: 'User',
      args: { userId: t.arg.id({ required: true }) },
      resolve: async (_, args, context) => {
        const userId = idArgument.user('userId', args.userId)
        await setDeactivated(userId, false, context)
        return context.loadUser(userId)
      },
    }),
    signOutUser: t.field({
      type: 'User',
      args: { userId: t.arg.id({ required: true }) },
      resolve: async (_, args, context) => {
        const user = await context.loadPerson(idArgument.user('userId', args.userId))
        await signOut(user.id, context)
        return user
      },
    }),
  }))
}

async function setDeactivated(
  id: UserId,
  isDeactivated: boolean,
  { services }: ServerContext,
): Promise<void> {
  const isKnown = id !== SYSTEM_USER_ID && (await services.users.setDeactivated(id, isDeactivated))
  if (!isKnown) throw notFound(`User ${globalId.user(id)}`)
}

/** Revokes all tokens that the user has now. */
async function signOut(id: UserId, { services }: ServerContext): Promise<void> {
  await services.revocations.revokeUser(id, { keepS: REVOKED_FOR_S })
}

function requireFew(list: readonly unknown[]): void {
  if (list.length > MAX_USERS)
    throw badInput(`A call can name ${MAX_USERS} users at most. Send several calls.`)
}

type UserInput = Readonly<{
  id: string
  name: string
  avatarUrl?: string | null | undefined
  data?: unknown
}>

/** `item` names the user in errors. */
function toChange(input: UserInput, item: string): UserChange {
  const id = idArgument.user(`${item}.id`, input.id)
  if (id === SYSTEM_USER_ID) throw badInput(`${item}.id is reserved for system messages. Pass another ID.`)
  const name = toSingleLine(input.name)
  if (name === undefined) throw badInput(`${item}.name has nothing to show. Pass a visible name.`)
  const avatarUrl = toPicture(`${item}.avatarUrl`, input.avatarUrl ?? null)
  const { data: given } = input
  const data = given === undefined || given === null ? given : parseData(given, 'user', `${item}.data`)
  return { id, name, avatarUrl, data }
}

function toPicture(name: string, text: string | null): string | null {
  if (text === null) return null
  const url = URL.parse(text)
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (isWeb && url.href.length <= MAX_PICTURE_LENGTH) return url.href
  throw badInput(`${name} must be an http or https address of ${MAX_PICTURE_LENGTH} characters at most.`)
}
