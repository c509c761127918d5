import type { ChatEvent } from '../../events/chat-event.ts'
import { MAX_LOG_PAGE } from '../../chats/chat-log.ts'
import { isVisible, type Member, type MemberRole, visiblePeriods } from '../../events/chat.ts'
import { periodsAfter } from '../../events/membership-period.ts'
import { badInput } from '../../errors.ts'
import { idArgument } from '../arguments.ts'
import type { Builder } from '../builder.ts'
import { type Context, requireViewer, viewOf } from '../context.ts'
import { SHARED } from '../selection-sharing.ts'
import { parseDeviceId } from '../../chats/client-key.ts'
import { concealed, isExpired, type Message } from '../../events/message.ts'
import type { InboxItem } from '../../delivery/inbox-item.ts'

export function defineInbox(builder: Builder): void {
  defineEvents(builder)
  defineLogField(builder)
  defineSubscriptions(builder)
}

function defineEvents(builder: Builder): void {
  builder.interfaceType('ChatEvent', {
    resolveType: (event) => event.type,
    fields: (t) => ({
      chat: t.field({ ...SHARED, type: 'Chat', resolve: ({ chatId }) => ({ id: chatId }) }),
      seq: t.exposeInt('seq', SHARED),
      actor: t.field({
        ...SHARED,
        type: 'User',
        resolve: ({ actorId }, _, { loaders }) => loaders.user.load(actorId),
      }),
      at: t.expose('at', { ...SHARED, type: 'DateTime' }),
    }),
  })
  builder.objectType('MessageSent', {
    interfaces: ['ChatEvent'],
    fields: (t) => ({ message: t.expose('message', { ...SHARED, type: 'Message' }) }),
  })
  for (const type of ['MessageEdited', 'MessageDeleted'] as const) {
    builder.objectType(type, {
      interfaces: ['ChatEvent'],
      fields: (t) => ({ message: t.field({ type: 'Message', resolve: changedMessage }) }),
    })
  }
  builder.objectType('ReactionChanged', {
    interfaces: ['ChatEvent'],
    fields: (t) => ({
      message: t.field({ type: 'Message', resolve: changedMessage }),
      emoji: t.string({
        ...SHARED,
        resolve: ({ message, emoji }, _, { clock }) =>
          message.deletedAt !== null || isExpired(message, clock.now()) ? '' : emoji,
      }),
      added: t.exposeBoolean('added', SHARED),
    }),
  })
  for (const type of ['MemberAdded', 'MemberRemoved'] as const) {
    builder.objectType(type, {
      interfaces: ['ChatEvent'],
      fields: (t) => ({
        user: t.field({
          ...SHARED,
          type: 'User',
          resolve: ({ userId }, _, { loaders }) => loaders.user.load(userId),
        }),
        member: t.field({ type: 'ChatMember', resolve: memberOf }),
      }),
    })
  }
  builder.objectType('MemberRoleChanged', {
    interfaces: ['ChatEvent'],
    fields: (t) => ({
      user: t.field({
        ...SHARED,
        type: 'User',
        resolve: ({ userId }, _, { loaders }) => loaders.user.load(userId),
      }),
      member: t.field({ type: 'ChatMember', resolve: memberOf }),
      role: t.expose('role', { ...SHARED, type: 'MemberRole' }),
    }),
  })
  builder.objectType('ChatUpdated', { interfaces: ['ChatEvent'] })
  builder.objectType('ChatDeleted', { interfaces: ['ChatEvent'] })
  builder.objectType('CaughtUp', {
    fields: (t) => ({ at: t.expose('at', { ...SHARED, type: 'DateTime' }) }),
  })
  builder.objectType('InboxReset', {
    fields: (t) => ({ reason: t.exposeString('reason', SHARED) }),
  })
}

type MembershipEvent = Extract<ChatEvent, { type: 'MemberAdded' | 'MemberRemoved' | 'MemberRoleChanged' }>

async function memberOf(event: MembershipEvent, _: object, { loaders }: Context): Promise<Member> {
  const { chatId, userId } = event
  const member = await loaders.membership.load({ chatId, userId })
  return member.isPast ? { ...member, role: roleAfter(event, member) } : member
}

/**
 * The role that a viewer who has left may see. The database has the present role, which may be newer than that, so it
 * counts only if the membership ended with this event.
 */
function roleAfter(event: MembershipEvent, { role, leftSeq }: Member): MemberRole {
  if (event.type === 'MemberRoleChanged') return event.role
  return event.type === 'MemberRemoved' && event.seq === leftSeq ? role : 'MEMBER'
}

/** The viewer was a member at the time of the change, but not necessarily at the time of the message. */
async function changedMessage(
  { message }: Readonly<{ message: Message }>,
  _: object,
  context: Context,
): Promise<Message> {
  const view = await context.loaders.chatView.load(message.chatId)
  return isVisible(view, message.seq) ? message : concealed(message)
}

function defineLogField(builder: Builder): void {
  builder.objectField('Chat', 'events', (t) =>
    t.field({
      type: ['ChatEvent'],
      args: { afterSeq: t.arg.int({ required: true }), first: t.arg.int() },
      resolve: async (chat, { afterSeq, first }, context): Promise<readonly ChatEvent[]> => {
        const limit = first ?? MAX_LOG_PAGE
        if (afterSeq < 0 || limit < 0)
          throw badInput('afterSeq or first is negative. Pass 0 or a greater number.')
        const view = await viewOf(chat, context)
        return context.services.chatLog.readPeriods(
          chat.id,
          periodsAfter(visiblePeriods(view), afterSeq),
          limit,
        )
      },
    }),
  )
}

/** Over HTTP the stream ends with an error, and there is nothing else to close. */
function stayConnected(): void {}

function defineSubscriptions(builder: Builder): void {
  const inboxEvent = builder.unionType('InboxEvent', {
    types: [
      'MessageSent',
      'MessageEdited',
      'MessageDeleted',
      'ReactionChanged',
      'MemberAdded',
      'MemberRemoved',
      'MemberRoleChanged',
      'ChatUpdated',
      'ChatDeleted',
      'ReceiptAdvanced',
      'TypingChanged',
      'CaughtUp',
      'InboxReset',
    ],
    resolveType: (item) => item.type,
  })
  builder.subscriptionFields((t) => ({
    inbox: t.field({
      ...SHARED,
      type: inboxEvent,
      args: {
        deviceId: t.arg.string(),
      },
      subscribe: (_, { deviceId }, context) =>
        context.services.inbox.open({
          viewerId: requireViewer(context).userId,
          deviceId: parseDeviceId(deviceId ?? undefined),
          onOverflow: context.disconnectSlowReader ?? stayConnected,
          sink: context.openLiveSink?.(),
        }),
      resolve: (item: InboxItem) => item,
    }),
    chatEvents: t.field({
      ...SHARED,
      type: inboxEvent,
      args: { chatId: t.arg.id({ required: true }), afterSeq: t.arg.int() },
      subscribe: (_, { chatId, afterSeq }, context) =>
        context.services.chatStreams.open({
          viewerId: requireViewer(context).userId,
          chatId: idArgument.chat('chatId', chatId),
          afterSeq: afterSeq ?? undefined,
          onOverflow: context.disconnectSlowReader ?? stayConnected,
          sink: context.openLiveSink?.(),
        }),
      resolve: (item: InboxItem) => item,
    }),
  }))
}
