import type { Member } from '../../events/chat.ts'
import { idArgument } from '../arguments.ts'
import type { Builder, ChatRef } from '../builder.ts'
import { requireViewer } from '../context.ts'
import { admitNamedUsers } from '../strangers.ts'
import { chatPayload } from './chat-payload.ts'

export function defineGroups(builder: Builder): void {
  defineCreateGroup(builder)
  defineMemberChanges(builder)
  defineSetMemberRole(builder)
}

function defineCreateGroup(builder: Builder): void {
  const input = builder.inputType('CreateGroupInput', {
    fields: (t) => ({
      title: t.string({ required: true }),
      memberIds: t.idList({ required: true }),
      messageTtlSeconds: t.int(),
      clientChatId: t.string({
        required: true,
      }),
      data: t.field({ type: 'JSON' }),
    }),
  })
  builder.mutationField('createGroup', (t) =>
    t.field({
      type: chatPayload(builder, 'CreateGroupPayload'),
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { userId } = requireViewer(context)
        const { title, messageTtlSeconds, clientChatId, data } = args.input
        const memberIds = args.input.memberIds.map((text) => idArgument.user('memberIds', text))
        await admitNamedUsers(context.services, userId, memberIds)
        const id = await context.services.createGroup(userId, {
          title,
          memberIds,
          messageTtlSeconds: messageTtlSeconds ?? undefined,
          clientChatId,
          data: data ?? undefined,
        })
        return { chat: { id } }
      },
    }),
  )
}

function defineMemberChanges(builder: Builder): void {
  const addInput = builder.inputType('AddMembersInput', {
    fields: (t) => ({ chatId: t.id({ required: true }), userIds: t.idList({ required: true }) }),
  })
  const removeInput = builder.inputType('RemoveMemberInput', {
    fields: (t) => ({ chatId: t.id({ required: true }), userId: t.id({ required: true }) }),
  })
  const removePayload = builder.objectRef<{ chat: ChatRef }>('RemoveMemberPayload').implement({
    fields: (t) => ({ chat: t.expose('chat', { type: 'Chat', nullable: true }) }),
  })
  builder.mutationFields((t) => ({
    addMembers: t.field({
      type: chatPayload(builder, 'AddMembersPayload'),
      args: { input: t.arg({ type: addInput, required: true }) },
      resolve: async (_, { input }, context) => {
        const { userId } = requireViewer(context)
        const id = idArgument.chat('chatId', input.chatId)
        const userIds = input.userIds.map((text) => idArgument.user('userIds', text))
        await admitNamedUsers(context.services, userId, userIds)
        await context.services.groups.addMembers(userId, id, userIds)
        return { chat: { id } }
      },
    }),
    removeMember: t.field({
      type: removePayload,
      args: { input: t.arg({ type: removeInput, required: true }) },
      resolve: async (_, { input }, context) => {
        const { userId } = requireViewer(context)
        const id = idArgument.chat('chatId', input.chatId)
        await context.services.groups.removeMember(userId, id, idArgument.user('userId', input.userId))
        return { chat: { id } }
      },
    }),
  }))
}

function defineSetMemberRole(builder: Builder): void {
  const input = builder.inputType('SetMemberRoleInput', {
    fields: (t) => ({
      chatId: t.id({ required: true }),
      userId: t.id({ required: true }),
      role: t.field({ type: 'MemberRole', required: true }),
    }),
  })
  const payload = builder.objectRef<{ member: Member }>('SetMemberRolePayload').implement({
    fields: (t) => ({ member: t.expose('member', { type: 'ChatMember' }) }),
  })
  builder.mutationField('setMemberRole', (t) =>
    t.field({
      type: payload,
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const viewer = requireViewer(context)
        const chatId = idArgument.chat('chatId', args.input.chatId)
        const userId = idArgument.user('userId', args.input.userId)
        const { groups, chats } = context.services
        await groups.setRole(viewer.userId, chatId, userId, args.input.role)
        return { member: (await chats.require(userId, chatId)).member }
      },
    }),
  )
}
