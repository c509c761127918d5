import { idArgument } from '../../api/arguments.ts'
import { resolvePage } from '../../api/connections.ts'
import { chatCursor, memberCursor, seqCursor } from '../../api/cursors.ts'
import { badInput, notFound } from '../../errors.ts'
import { type Chat, type Member, viewOfAll } from '../../events/chat.ts'
import type { Message } from '../../events/message.ts'
import { type ChatId, globalId, SYSTEM_USER_ID } from '../../ids.ts'
import type { ServerBuilder } from '../builder.ts'
import type { ServerContext } from '../context.ts'

export function defineChats(builder: ServerBuilder): void {
  defineChatType(builder)
  defineReads(builder)
  defineEnsure(builder)
  defineChanges(builder)
}

function defineChatType(builder: ServerBuilder): void {
  const kind = builder.enumType('ChatKind', { values: ['DIRECT', 'GROUP'] as const })
  builder.objectType('Member', {
    fields: (t) => ({
      user: t.field({ type: 'User', resolve: (member, _, { loadUser }) => loadUser(member.userId) }),
      role: t.expose('role', { type: 'MemberRole' }),
      joinedAt: t.expose('joinedAt', { type: 'DateTime' }),
      deliveredSeq: t.exposeInt('deliveredSeq'),
      readSeq: t.exposeInt('readSeq'),
    }),
  })
  builder.objectType('Chat', {
    fields: (t) => ({
      id: t.id({ resolve: ({ id }) => globalId.chat(id) }),
      kind: t.expose('kind', { type: kind }),
      title: t.exposeString('title', { nullable: true }),
      memberCount: t.exposeInt('memberCount'),
      messageTtlSeconds: t.exposeInt('messageTtlSeconds', { nullable: true }),
      data: t.expose('data', { type: 'JSON', nullable: true }),
      headSeq: t.exposeInt('headSeq'),
      createdAt: t.expose('createdAt', { type: 'DateTime' }),
      lastActivityAt: t.expose('lastActivityAt', { type: 'DateTime' }),
      members: t.connection(
        {
          type: 'Member',
          resolve: (chat, args, { services, pages }) =>
            resolvePage({
              args,
              pages,
              cursor: memberCursor(chat.id),
              positionOf: (member: Member) => member.userId,
              load: (range) => services.chats.members(viewOfAll(chat), range),
            }),
        },
        { name: 'MemberConnection' },
        { name: 'MemberEdge' },
      ),
      messages: t.connection(
        {
          type: 'Message',
          resolve: (chat, args, { services, pages }) =>
            resolvePage({
              args,
              pages,
              cursor: seqCursor(chat.id),
              positionOf: (message: Message) => message.seq,
              load: (range) => services.messages.list(viewOfAll(chat), range),
            }),
        },
        { name: 'MessageConnection' },
        { name: 'MessageEdge' },
      ),
    }),
  })
}

function defineReads(builder: ServerBuilder): void {
  builder.queryFields((t) => ({
    chat: t.field({
      type: 'Chat',
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: async (_, { id }, { services }) =>
        (await services.chats.findAny([idArgument.chat('id', id)]))[0] ?? null,
    }),
    chatsOfUser: t.connection(
      {
        type: 'Chat',
        args: { userId: t.arg.id({ required: true }) },
        resolve: async (_, args, { services, pages, loadUser }) => {
          const { id: userId } = await loadUser(idArgument.user('userId', args.userId))
          return resolvePage({
            args,
            pages,
            cursor: chatCursor(userId),
            positionOf: (chat: Chat) => ({ activityAt: chat.lastActivityAt, chatId: chat.id }),
            load: async (range) => (await services.chats.list(userId, range)).map(({ chat }) => chat),
          })
        },
      },
      { name: 'ChatConnection' },
      { name: 'ChatEdge' },
    ),
  }))
}

function defineEnsure(builder: ServerBuilder): void {
  const payload = builder.objectRef<{ chat: Chat; created: boolean }>('EnsureChatPayload').implement({
    fields: (t) => ({ chat: t.expose('chat', { type: 'Chat' }), created: t.exposeBoolean('created') }),
  })
  const groupInput = builder.inputType('EnsureGroupInput', {
    fields: (t) => ({
      key: t.string({ required: true }),
      title: t.string({ required: true }),
      ownerIds: t.idList({ required: true }),
      memberIds: t.idList({ required: true }),
      messageTtlSeconds: t.int(),
      data: t.field({ type: 'JSON' }),
    }),
  })
  builder.mutationFields((t) => ({
    ensureDirectChat: t.field({
      type: 'Chat',
      args: { userIds: t.arg.idList({ required: true }) },
      resolve: async (_, args, context) => {
        const [first, second] = pairOf(args.userIds)
        await Promise.all([context.loadPerson(first), context.loadPerson(second)])
        return (await context.services.chats.startDirectChat(first, second)).chat
      },
    }),
    ensureGroup: t.field({
      type: payload,
      args: { input: t.arg({ type: groupInput, required: true }) },
      resolve: async (_, { input }, context) => {
        const { key, title, messageTtlSeconds, data } = input
        const { chatId, created } = await context.services.ensureGroup({
          key,
          title,
          ownerIds: idArgument.users('ownerIds', input.ownerIds),
          memberIds: idArgument.users('memberIds', input.memberIds),
          messageTtlSeconds: messageTtlSeconds ?? undefined,
          data: data ?? undefined,
        })
        return { chat: await requireChat(chatId, context), created }
      },
    }),
  }))
}

function defineChanges(builder: ServerBuilder): void {
  const update = builder.inputType('UpdateChatInput', {
    fields: (t) => ({
      chatId: t.id({ required: true }),
      title: t.string(),
      messageTtlSeconds: t.int(),
      data: t.field({ type: 'JSON' }),
    }),
  })
  const member = builder.inputType('MemberInput', {
    fields: (t) => ({
      userId: t.id({ required: true }),
      role: t.field({ type: 'MemberRole', required: true, defaultValue: 'MEMBER' }),
    }),
  })
  const members = builder.inputType('UpdateMembersInput', {
    fields: (t) => ({
      chatId: t.id({ required: true }),
      key: t.string({ required: true }),
      set: t.field({ type: [member], required: true, defaultValue: [] }),
      remove: t.idList({ required: true, defaultValue: [] }),
    }),
  })
  const deleted = builder.objectRef<{ chatId: ChatId; deleted: boolean }>('DeleteChatPayload').implement({
    fields: (t) => ({
      chatId: t.id({ resolve: ({ chatId }) => globalId.chat(chatId) }),
      deleted: t.exposeBoolean('deleted'),
    }),
  })
  builder.mutationFields((t) => ({
    deleteChat: t.field({
      type: deleted,
      args: { chatId: t.arg.id({ required: true }) },
      resolve: async (_, args, { services }) => {
        const chatId = idArgument.chat('chatId', args.chatId)
        return { chatId, deleted: await services.chatDeleter.delete(chatId) }
      },
    }),
    updateChat: t.field({
      type: 'Chat',
      args: { input: t.arg({ type: update, required: true }) },
      resolve: async (_, { input }, context) => {
        const chatId = idArgument.chat('chatId', input.chatId)
        const changes = {
          title: input.title ?? undefined,
          messageTtlSeconds: input.messageTtlSeconds ?? undefined,
          data: input.data,
        }
        await context.services.chatUpdater.update(SYSTEM_USER_ID, chatId, changes)
        return requireChat(chatId, context)
      },
    }),
    updateMembers: t.field({
      type: 'Chat',
      args: { input: t.arg({ type: members, required: true }) },
      resolve: async (_, { input }, context) => {
        const chatId = idArgument.chat('chatId', input.chatId)
        await context.services.memberUpdater.update(chatId, {
          key: input.key,
          set: input.set.map(({ userId, role }, index) => ({
            userId: idArgument.user(`set[${index}].userId`, userId),
            role,
          })),
          remove: idArgument.users('remove', input.remove),
        })
        return requireChat(chatId, context)
      },
    }),
  }))
}

function pairOf(ids: readonly string[]) {
  const [first, second, ...others] = idArgument.users('userIds', ids)
  const isPair = first !== undefined && second !== undefined && others.length === 0 && first !== second
  if (isPair) return [first, second] as const
  throw badInput('userIds must name two different users. For more, use ensureGroup.')
}

/** Rejects with NOT_FOUND if the chat does not exist. */
export async function requireChat(id: ChatId, { services }: ServerContext): Promise<Chat> {
  const [chat] = await services.chats.findAny([id])
  if (chat === undefined) throw notFound('Chat')
  return chat
}
