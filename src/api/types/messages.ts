import { isVisible } from '../../events/chat.ts'
import { idArgument } from '../arguments.ts'
import type { Builder } from '../builder.ts'
import { resolvePage } from '../connections.ts'
import { seqCursor } from '../cursors.ts'
import { type Context, requireViewer, viewOf } from '../context.ts'
import { SHARED } from '../selection-sharing.ts'
import { globalId, type MessageId } from '../../ids.ts'
import {
  isExpired,
  kindOf,
  type Message,
  type MessageKind,
  type MessageStatus,
  messageIdOf,
  shownBody,
  shownData,
  statusOf,
} from '../../events/message.ts'

export function defineMessages(builder: Builder): void {
  defineMessageType(builder)
  defineChatFields(builder)
  defineSendMessage(builder)
  defineChanges(builder)
}

function defineMessageType(builder: Builder): void {
  const status = builder.enumType('MessageStatus', {
    values: { SENT: {}, DELIVERED: {}, READ: {} } as const satisfies Record<MessageStatus, unknown>,
  })
  const kind = builder.enumType('MessageKind', {
    values: { USER: {}, SYSTEM: {} } as const satisfies Record<MessageKind, unknown>,
  })
  builder.objectType('Message', {
    interfaces: ['Node'],
    fields: (t) => ({
      id: t.id({ ...SHARED, resolve: (message) => globalId.message(messageIdOf(message)) }),
      chat: t.field({ ...SHARED, type: 'Chat', resolve: ({ chatId }) => ({ id: chatId }) }),
      seq: t.exposeInt('seq', SHARED),
      kind: t.field({ ...SHARED, type: kind, resolve: kindOf }),
      sender: t.field({
        ...SHARED,
        type: 'User',
        // A page has the same few senders a hundred times. A promise for each would cost as much as the rest.
        resolve: ({ senderId }, _, { services, loaders }) =>
          services.users.recent(senderId) ?? loaders.user.load(senderId),
      }),
      clientMessageId: t.exposeString('clientMessageId', SHARED),
      body: t.string({
        ...SHARED,
        nullable: true,
        resolve: (message, _, { clock }) => shownBody(message, clock.now()),
      }),
      attachments: t.field({
        ...SHARED,
        type: ['Attachment'],
        resolve: (message, _, { loaders, clock }) =>
          message.attachmentCount === 0 || isExpired(message, clock.now())
            ? []
            : (message.attachments ?? loaders.attachments.load(messageIdOf(message))),
      }),
      type: t.string({
        ...SHARED,
        nullable: true,
        resolve: (message, _, { clock }) => shownData(message, clock.now()).type,
      }),
      data: t.field({
        ...SHARED,
        type: 'JSON',
        nullable: true,
        resolve: (message, _, { clock }) => shownData(message, clock.now()).data,
      }),
      // Needs the viewer only if there is a message that was replied to.
      replyTo: t.field({ ...SHARED, type: 'Message', nullable: true, resolve: findReplyTo }),
      reactions: t.field({
        ...SHARED,
        type: ['Reaction'],
        resolve: (message, _, { loaders, clock }) =>
          message.isJustSent || message.isConcealed || isExpired(message, clock.now())
            ? []
            : loaders.reactions.load(messageIdOf(message)),
      }),
      sentAt: t.expose('sentAt', { ...SHARED, type: 'DateTime' }),
      editedAt: t.expose('editedAt', { ...SHARED, type: 'DateTime', nullable: true }),
      deletedAt: t.expose('deletedAt', { ...SHARED, type: 'DateTime', nullable: true }),
      expiresAt: t.expose('expiresAt', { ...SHARED, type: 'DateTime', nullable: true }),
      status: t.field({
        ...SHARED,
        type: status,
        resolve: (message, _, context) => (message.isJustSent ? 'SENT' : loadStatus(message, context)),
      }),
    }),
  })

  builder.objectType('Reaction', {
    fields: (t) => ({
      emoji: t.exposeString('emoji', SHARED),
      users: t.field({
        ...SHARED,
        type: ['User'],
        resolve: ({ userIds }, _, { loaders }) => Promise.all(userIds.map((id) => loaders.user.load(id))),
      }),
    }),
  })
}

async function loadStatus(message: Message, { loaders }: Context): Promise<MessageStatus> {
  const { chatId, senderId, seq } = message
  if (kindOf(message) === 'SYSTEM') return 'SENT'
  return statusOf(seq, await loaders.lowestWatermarks.load({ chatId, exceptId: senderId }))
}

/** Returns null if the viewer may not see the message that was replied to. */
async function findReplyTo(
  { chatId, replyToSeq }: Message,
  _: object,
  context: Context,
): Promise<Message | null> {
  if (replyToSeq === null) return null
  const view = await context.loaders.chatView.load(chatId)
  if (!isVisible(view, replyToSeq)) return null
  return (await context.loaders.message.load({ chatId, seq: replyToSeq })) ?? null
}

function defineChatFields(builder: Builder): void {
  builder.objectFields('Chat', (t) => ({
    unreadCount: t.int({
      resolve: async (chat, _, context) => context.loaders.unreadCount.load(await viewOf(chat, context)),
    }),
    lastMessage: t.field({
      type: 'Message',
      nullable: true,
      resolve: async (chat, _, context) => context.loaders.lastMessage.load(await viewOf(chat, context)),
    }),
    messages: t.connection(
      {
        type: 'Message',
        resolve: async (chat, args, context) => {
          const view = await viewOf(chat, context)
          return resolvePage({
            args,
            pages: context.sharedPages,
            cursor: seqCursor(view.chat.id),
            positionOf: (message: Message) => message.seq,
            load: (range) => context.services.messages.list(view, range),
          })
        },
      },
      { name: 'MessageConnection' },
      { name: 'MessageEdge' },
    ),
  }))
}

function defineSendMessage(builder: Builder): void {
  const input = builder.inputType('SendMessageInput', {
    fields: (t) => ({
      chatId: t.id({ required: true }),
      clientMessageId: t.string({
        required: true,
      }),
      body: t.string(),
      attachmentIds: t.idList(),
      replyToId: t.id(),
      type: t.string(),
      data: t.field({ type: 'JSON' }),
    }),
  })
  const payload = builder
    .objectRef<{ message: Message; deduplicated: boolean }>('SendMessagePayload')
    .implement({
      fields: (t) => ({
        message: t.expose('message', { type: 'Message' }),
        deduplicated: t.exposeBoolean('deduplicated'),
      }),
    })
  builder.mutationField('sendMessage', (t) =>
    t.field({
      type: payload,
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { userId: senderId } = requireViewer(context)
        const { chatId, clientMessageId, body, attachmentIds, replyToId, type, data } = args.input
        return context.services.messageSender.send({
          senderId,
          chatId: idArgument.chat('chatId', chatId),
          clientMessageId,
          body: body ?? undefined,
          attachmentIds: (attachmentIds ?? []).map((id) => idArgument.attachment('attachmentIds', id)),
          replyTo: optionalMessageId('replyToId', replyToId),
          type: type ?? undefined,
          data: data ?? undefined,
        })
      },
    }),
  )
}

function defineChanges(builder: Builder): void {
  const payloadOf = (name: string) =>
    builder
      .objectRef<{ message: Message }>(name)
      .implement({ fields: (t) => ({ message: t.expose('message', { type: 'Message' }) }) })
  const editInput = builder.inputType('EditMessageInput', {
    fields: (t) => ({ messageId: t.id({ required: true }), body: t.string({ required: true }) }),
  })
  const deleteInput = builder.inputType('DeleteMessageInput', {
    fields: (t) => ({ messageId: t.id({ required: true }) }),
  })
  const reactionInput = builder.inputType('SetReactionInput', {
    fields: (t) => ({
      messageId: t.id({ required: true }),
      emoji: t.string({ required: true }),
      present: t.boolean({ required: true }),
    }),
  })
  builder.mutationFields((t) => ({
    editMessage: t.field({
      type: payloadOf('EditMessagePayload'),
      args: { input: t.arg({ type: editInput, required: true }) },
      resolve: async (_, { input }, context) => {
        const { userId } = requireViewer(context)
        const id = idArgument.message('messageId', input.messageId)
        return { message: await context.services.messageChanger.edit(userId, id, input.body) }
      },
    }),
    deleteMessage: t.field({
      type: payloadOf('DeleteMessagePayload'),
      args: { input: t.arg({ type: deleteInput, required: true }) },
      resolve: async (_, { input }, context) => {
        const { userId } = requireViewer(context)
        const id = idArgument.message('messageId', input.messageId)
        return { message: await context.services.messageChanger.delete(userId, id) }
      },
    }),
    setReaction: t.field({
      type: payloadOf('SetReactionPayload'),
      args: { input: t.arg({ type: reactionInput, required: true }) },
      resolve: async (_, { input }, context) => {
        const { userId } = requireViewer(context)
        const { messageId, emoji, present } = input
        const id = idArgument.message('messageId', messageId)
        return { message: await context.services.messageChanger.setReaction(userId, id, emoji, present) }
      },
    }),
  }))
}

function optionalMessageId(name: string, text: string | null | undefined): MessageId | undefined {
  return text === null || text === undefined ? undefined : idArgument.message(name, text)
}
