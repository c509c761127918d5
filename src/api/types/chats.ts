import { idArgument } from '../arguments.ts'
import type { Builder, ChatRef } from '../builder.ts'
import { resolvePage } from '../connections.ts'
import { chatCursor, memberCursor } from '../cursors.ts'
import { requireViewer, viewOf } from '../context.ts'
import { SHARED } from '../selection-sharing.ts'
import { admitNamedUsers } from '../strangers.ts'
import { globalId } from '../../ids.ts'
import { lastVisibleSeq } from '../../events/chat.ts'
import type { ChatView, Member } from '../../events/chat.ts'
import { chatPayload } from './chat-payload.ts'

export function defineChats(builder: Builder): void {
  defineChatType(builder)
  defineMemberType(builder)
  defineChatQueries(builder)
  defineStartDirectChat(builder)
  defineUpdateChat(builder)
}

function defineChatType(builder: Builder): void {
  const kind = builder.enumType('ChatKind', { values: ['DIRECT', 'GROUP'] as const })
  builder.objectType('Chat', {
    interfaces: ['Node'],
    fields: (t) => ({
      id: t.id({ ...SHARED, resolve: (chat) => globalId.chat(chat.id) }),
      kind: t.field({
        type: kind,
        resolve: async (chat, _, context) => (await viewOf(chat, context)).chat.kind,
      }),
      title: t.string({
        nullable: true,
        resolve: async (chat, _, context) => (await viewOf(chat, context)).chat.title,
      }),
      headSeq: t.int({
        resolve: async (chat, _, context) => lastVisibleSeq(await viewOf(chat, context)),
      }),
      createdAt: t.field({
        type: 'DateTime',
        resolve: async (chat, _, context) => (await viewOf(chat, context)).chat.createdAt,
      }),
      lastActivityAt: t.field({
        type: 'DateTime',
        resolve: async (chat, _, context) => activityAt(await viewOf(chat, context)),
      }),
      messageTtlSeconds: t.int({
        nullable: true,
        resolve: async (chat, _, context) => (await viewOf(chat, context)).chat.messageTtlSeconds,
      }),
      data: t.field({
        type: 'JSON',
        nullable: true,
        resolve: async (chat, _, context) => (await viewOf(chat, context)).chat.data,
      }),
      memberCount: t.int({
        resolve: async (chat, _, context) => (await viewOf(chat, context)).chat.memberCount,
      }),
      members: t.connection(
        {
          type: 'ChatMember',
          resolve: async (chat, args, context) => {
            const view = await viewOf(chat, context)
            return resolvePage({
              args,
              pages: context.pages,
              cursor: memberCursor(view.chat.id),
              positionOf: (member: Member) => member.userId,
              load: (range) => context.services.chats.members(view, range),
            })
          },
        },
        { name: 'ChatMemberConnection' },
        { name: 'ChatMemberEdge' },
      ),
      viewerMember: t.field({
        type: 'ChatMember',
        resolve: async (chat, _, context) => (await viewOf(chat, context)).member,
      }),
    }),
  })
}

function defineMemberType(builder: Builder): void {
  builder.enumType('MemberRole', { values: ['OWNER', 'ADMIN', 'MEMBER'] as const })
  builder.objectType('ChatMember', {
    interfaces: ['Node'],
    fields: (t) => ({
      id: t.id({ resolve: (member) => globalId.member(member) }),
      user: t.field({ type: 'User', resolve: (member, _, { loaders }) => loaders.user.load(member.userId) }),
      role: t.expose('role', { type: 'MemberRole' }),
      joinedAt: t.expose('joinedAt', { type: 'DateTime' }),
      leftAt: t.expose('leftAt', {
        type: 'DateTime',
        nullable: true,
      }),
      deliveredSeq: t.exposeInt('deliveredSeq'),
      readSeq: t.exposeInt('readSeq'),
    }),
  })
}

function defineChatQueries(builder: Builder): void {
  builder.queryFields((t) => ({
    chat: t.field({
      type: 'Chat',
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: async (_, args, context) => {
        const { userId } = requireViewer(context)
        const id = idArgument.chat('id', args.id)
        const view = await context.services.chats.find(userId, id)
        return view === undefined ? null : toRef(view)
      },
    }),
    chats: t.connection(
      {
        type: 'Chat',
        resolve: async (_, args, context) => {
          const { userId } = requireViewer(context)
          return resolvePage({
            args,
            pages: context.pages,
            cursor: chatCursor(userId),
            positionOf: ({ view }: ViewedChat) => ({ activityAt: activityAt(view), chatId: view.chat.id }),
            load: async (range) => (await context.services.chats.list(userId, range)).map(toRef),
          })
        },
      },
      { name: 'ChatConnection' },
      { name: 'ChatEdge' },
    ),
  }))
}

function defineStartDirectChat(builder: Builder): void {
  const input = builder.inputType('StartDirectChatInput', {
    fields: (t) => ({ userId: t.id({ required: true }) }),
  })
  builder.mutationField('startDirectChat', (t) =>
    t.field({
      type: chatPayload(builder, 'StartDirectChatPayload'),
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { userId } = requireViewer(context)
        const otherId = idArgument.user('userId', args.input.userId)
        await admitNamedUsers(context.services, userId, [otherId])
        return { chat: toRef(await context.services.chats.startDirectChat(userId, otherId)) }
      },
    }),
  )
}

function defineUpdateChat(builder: Builder): void {
  const input = builder.inputType('UpdateChatInput', {
    fields: (t) => ({
      chatId: t.id({ required: true }),
      title: t.string(),
      messageTtlSeconds: t.int(),
      data: t.field({ type: 'JSON' }),
    }),
  })
  builder.mutationField('updateChat', (t) =>
    t.field({
      type: chatPayload(builder, 'UpdateChatPayload'),
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { userId } = requireViewer(context)
        const id = idArgument.chat('chatId', args.input.chatId)
        const title = args.input.title ?? undefined
        const messageTtlSeconds = args.input.messageTtlSeconds ?? undefined
        const { data } = args.input
        await context.services.chatUpdater.update(userId, id, { title, messageTtlSeconds, data })
        return { chat: { id } }
      },
    }),
  )
}

type ViewedChat = ChatRef & Readonly<{ view: ChatView }>

function toRef(view: ChatView): ViewedChat {
  return { id: view.chat.id, view }
}

/** When the newest event that the member can see was committed. */
function activityAt({ chat, member }: ChatView): Date {
  return member.leftAt ?? chat.lastActivityAt
}
