import { idArgument } from '../../api/arguments.ts'
import { badInput, notFound, ParleyError } from '../../errors.ts'
import type { ChatEvent, ChatEventType } from '../../events/chat-event.ts'
import {
  kindOf,
  shownBody,
  shownData,
  type Message,
  type MessageKind,
  messageIdOf,
} from '../../events/message.ts'
import { globalId, MAX_SEQ, type MessageId, type Seq, SYSTEM_USER_ID, type UserId } from '../../ids.ts'
import type { ServerBuilder } from '../builder.ts'
import { actAs, type ServerContext } from '../context.ts'
import { requireChat } from './chats.ts'

/** The most messages of one call. */
const MAX_MESSAGES = 100

export function defineMessages(builder: ServerBuilder): void {
  defineMessageType(builder)
  defineEvents(builder)
  defineSend(builder)
  defineChanges(builder)
}

function defineMessageType(builder: ServerBuilder): void {
  const kind = builder.enumType('MessageKind', {
    values: { USER: {}, SYSTEM: {} } as const satisfies Record<MessageKind, unknown>,
  })
  builder.objectType('Message', {
    fields: (t) => ({
      id: t.id({ resolve: (message) => globalId.message(messageIdOf(message)) }),
      chatId: t.id({ resolve: ({ chatId }) => globalId.chat(chatId) }),
      seq: t.exposeInt('seq'),
      kind: t.field({ type: kind, resolve: kindOf }),
      sender: t.field({ type: 'User', resolve: ({ senderId }, _, { loadUser }) => loadUser(senderId) }),
      clientMessageId: t.exposeString('clientMessageId'),
      body: t.string({
        nullable: true,
        resolve: (message, _, { clock }) => shownBody(message, clock.now()),
      }),
      replyToId: t.id({
        nullable: true,
        resolve: ({ chatId, replyToSeq: seq }) => (seq === null ? null : globalId.message({ chatId, seq })),
      }),
      type: t.string({
        nullable: true,
        resolve: (message, _, { clock }) => shownData(message, clock.now()).type,
      }),
      data: t.field({
        type: 'JSON',
        nullable: true,
        resolve: (message, _, { clock }) => shownData(message, clock.now()).data,
      }),
      sentAt: t.expose('sentAt', { type: 'DateTime' }),
      editedAt: t.expose('editedAt', { type: 'DateTime', nullable: true }),
      deletedAt: t.expose('deletedAt', { type: 'DateTime', nullable: true }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true }),
    }),
  })
}

const EVENT_TYPES = {
  MESSAGE_SENT: { value: 'MessageSent' },
  MESSAGE_EDITED: { value: 'MessageEdited' },
  MESSAGE_DELETED: { value: 'MessageDeleted' },
  REACTION_CHANGED: { value: 'ReactionChanged' },
  MEMBER_ADDED: { value: 'MemberAdded' },
  MEMBER_REMOVED: { value: 'MemberRemoved' },
  MEMBER_ROLE_CHANGED: { value: 'MemberRoleChanged' },
  CHAT_UPDATED: { value: 'ChatUpdated' },
  CHAT_DELETED: { value: 'ChatDeleted' },
} as const satisfies Record<string, { value: ChatEventType }>

function defineEvents(builder: ServerBuilder): void {
  const type = builder.enumType('ChatEventType', { values: EVENT_TYPES })
  builder.objectType('ChatEvent', {
    fields: (t) => ({
      chatId: t.id({ resolve: ({ chatId }) => globalId.chat(chatId) }),
      seq: t.exposeInt('seq'),
      type: t.field({ type, resolve: (event) => event.type }),
      at: t.expose('at', { type: 'DateTime' }),
      actor: t.field({ type: 'User', resolve: ({ actorId }, _, { loadUser }) => loadUser(actorId) }),
      message: t.field({
        type: 'Message',
        nullable: true,
        resolve: (event) => ('message' in event ? event.message : null),
      }),
      user: t.field({
        type: 'User',
        nullable: true,
        resolve: (event, _, { loadUser }) => ('userId' in event ? loadUser(event.userId) : null),
      }),
      role: t.field({
        type: 'MemberRole',
        nullable: true,
        resolve: (event) => (event.type === 'MemberRoleChanged' ? event.role : null),
      }),
      emoji: t.string({
        nullable: true,
        resolve: (event) => (event.type === 'ReactionChanged' ? event.emoji : null),
      }),
      added: t.boolean({
        nullable: true,
        resolve: (event) => (event.type === 'ReactionChanged' ? event.added : null),
      }),
    }),
  })
  builder.queryField('events', (t) =>
    t.field({
      type: ['ChatEvent'],
      args: {
        chatId: t.arg.id({ required: true }),
        afterSeq: t.arg.int({ required: true }),
        first: t.arg.int(),
      },
      resolve: async (_, args, context): Promise<readonly ChatEvent[]> => {
        if (args.afterSeq < 0 || (args.first ?? 1) < 1) {
          throw badInput('afterSeq must be 0 or more, and first 1 or more.')
        }
        const { afterSeq, first } = args
        const { id: chatId } = await requireChat(idArgument.chat('chatId', args.chatId), context)
        const events = await context.services.chatLog.read(
          { chatId, afterSeq, untilSeq: MAX_SEQ },
          first ?? undefined,
        )
        const floor = events[0]?.seq === afterSeq + 1 ? 0 : await context.services.chatLog.floor(chatId)
        if (floor > afterSeq) throw leftTheLog(floor)
        return events
      },
    }),
  )
}

function leftTheLog(floor: Seq): ParleyError {
  return new ParleyError(
    'NOT_FOUND',
    `The events up to ${floor} have left the log. Read the chat, its members and messages, and continue after ${floor}.`,
  )
}

type SendInput = Readonly<{
  /** The system, if there is none. */
  senderId?: string | null | undefined
  chatId: string
  clientMessageId: string
  body: string
  replyToId?: string | null | undefined
  type?: string | null | undefined
  data?: unknown
}>
type Sent = Readonly<{ message: Message; deduplicated: boolean }>
type Failed = Readonly<{ code: string; text: string; isRetryable: boolean }>

async function send(input: SendInput, sender: Promise<UserId>, context: ServerContext): Promise<Sent> {
  const { chatId, clientMessageId, body, replyToId, type, data } = input
  return context.services.messageSender.send({
    senderId: await sender,
    chatId: idArgument.chat('chatId', chatId),
    clientMessageId,
    body,
    attachmentIds: [],
    replyTo: optionalMessage(replyToId ?? undefined),
    type: type ?? undefined,
    data: data ?? undefined,
  })
}

async function senderOf(text: SendInput['senderId'], context: ServerContext): Promise<UserId> {
  return text === undefined || text === null
    ? SYSTEM_USER_ID
    : actAs(idArgument.user('senderId', text), context)
}

function optionalMessage(text: string | undefined): MessageId | undefined {
  return text === undefined ? undefined : idArgument.message('replyToId', text)
}

function defineSend(builder: ServerBuilder): void {
  const input = builder.inputType('SendMessageInput', {
    fields: (t) => ({
      senderId: t.id(),
      chatId: t.id({ required: true }),
      clientMessageId: t.string({ required: true }),
      body: t.string({ required: true }),
      replyToId: t.id(),
      type: t.string(),
      data: t.field({ type: 'JSON' }),
    }),
  })
  const payload = builder.objectRef<Sent>('SendMessagePayload').implement({
    fields: (t) => ({
      message: t.expose('message', { type: 'Message' }),
      deduplicated: t.exposeBoolean('deduplicated'),
    }),
  })
  const failure = builder.objectRef<Failed>('SendFailure').implement({
    fields: (t) => ({
      code: t.exposeString('code'),
      message: t.exposeString('text'),
      retryable: t.exposeBoolean('isRetryable'),
    }),
  })
  const result = builder.objectRef<{ sent?: Sent; failure?: Failed }>('SendMessagesResult').implement({
    fields: (t) => ({
      sent: t.field({ type: payload, nullable: true, resolve: ({ sent }) => sent ?? null }),
      failure: t.field({ type: failure, nullable: true, resolve: (one) => one.failure ?? null }),
    }),
  })
  builder.mutationFields((t) => ({
    sendMessage: t.field({
      type: payload,
      args: { input: t.arg({ type: input, required: true }) },
      resolve: (_, { input: one }, context) => send(one, senderOf(one.senderId, context), context),
    }),
    sendMessages: t.field({
      type: [result],
      args: { inputs: t.arg({ type: [input], required: true }) },
      resolve: async (_, { inputs }, context) => {
        if (inputs.length > MAX_MESSAGES) {
          throw badInput(`A call can send ${MAX_MESSAGES} messages at most. Send several calls.`)
        }
        // All senders are read before the first message is sent: one that is read later would be overtaken.
        const asked = inputs.map((one) => ({ one, sender: senderOf(one.senderId, context) }))
        await Promise.allSettled(asked.map(({ sender }) => sender))
        return Promise.all(asked.map(({ one, sender }) => settled(send(one, sender, context))))
      },
    }),
  }))
}

/** Other errors fail the whole call: they are not about one message. */
async function settled(sending: Promise<Sent>): Promise<{ sent?: Sent; failure?: Failed }> {
  try {
    return { sent: await sending }
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error
    return { failure: { code: error.code, text: error.message, isRetryable: error.extensions.retryable } }
  }
}

function defineChanges(builder: ServerBuilder): void {
  const edit = builder.inputType('EditMessageInput', {
    fields: (t) => ({ messageId: t.id({ required: true }), body: t.string({ required: true }) }),
  })
  const remove = builder.inputType('DeleteMessageInput', {
    fields: (t) => ({ messageId: t.id({ required: true }) }),
  })
  builder.mutationFields((t) => ({
    editMessage: t.field({
      type: 'Message',
      args: { input: t.arg({ type: edit, required: true }) },
      resolve: async (_, { input }, context) => {
        const id = idArgument.message('messageId', input.messageId)
        const [message] = await context.services.messages.findMany([id])
        if (message === undefined) throw notFound('Message')
        const isOfSystem = kindOf(message) === 'SYSTEM'
        const actorId = isOfSystem ? SYSTEM_USER_ID : await actAs(message.senderId, context)
        return context.services.messageChanger.edit(actorId, id, input.body)
      },
    }),
    deleteMessage: t.field({
      type: 'Message',
      args: { input: t.arg({ type: remove, required: true }) },
      resolve: (_, { input }, { services }) =>
        services.messageChanger.delete(SYSTEM_USER_ID, idArgument.message('messageId', input.messageId)),
    }),
  }))
}
