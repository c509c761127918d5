import type { ChatEvent } from '../../events/chat-event.ts'
import { MAX_LOG_PAGE } from '../../chats/chat-log.ts'
import { isVisible, visiblePeriods } from '../../events/chat.ts'
import { periodsAfter } from '../../events/membership-period.ts'
import { badInput } from '../../errors.ts'
import { idArgument } from '../arguments.ts'
import type { Builder } from '../builder.ts'
import { type Context, requireViewer, viewOf } from '../context.ts'
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
    description:
      'One durable change to a chat. Within a chat, seq starts at 1 and has no gap: a jump means that something was missed.',
    resolveType: (event) => event.type,
    fields: (t) => ({
      chat: t.field({ type: 'Chat', resolve: ({ chatId }) => ({ id: chatId }) }),
      seq: t.exposeInt('seq'),
      actor: t.field({ type: 'User', resolve: ({ actorId }, _, { loaders }) => loaders.user.load(actorId) }),
      at: t.expose('at', { type: 'DateTime' }),
    }),
  })
  builder.objectType('MessageSent', {
    interfaces: ['ChatEvent'],
    fields: (t) => ({ message: t.expose('message', { type: 'Message' }) }),
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
        description: 'Empty once the message was deleted or has expired.',
        resolve: ({ message, emoji }, _, { clock }) =>
          message.deletedAt !== null || isExpired(message, clock.now()) ? '' : emoji,
      }),
      added: t.exposeBoolean('added'),
    }),
  })
  for (const type of ['MemberAdded', 'MemberRemoved'] as const) {
    builder.objectType(type, {
      interfaces: ['ChatEvent'],
      fields: (t) => ({
        user: t.field({ type: 'User', resolve: ({ userId }, _, { loaders }) => loaders.user.load(userId) }),
      }),
    })
  }
  builder.objectType('MemberRoleChanged', {
    interfaces: ['ChatEvent'],
    fields: (t) => ({
      user: t.field({ type: 'User', resolve: ({ userId }, _, { loaders }) => loaders.user.load(userId) }),
      role: t.expose('role', { type: 'MemberRole' }),
    }),
  })
  builder.objectType('ChatUpdated', {
    description:
      'Title or message lifetime changed, or the group was created (its seq 1). A direct chat begins with its first message.',
    interfaces: ['ChatEvent'],
  })
  builder.objectType('CaughtUp', {
    description: 'Everything missed has been replayed; what follows is live.',
    fields: (t) => ({ at: t.expose('at', { type: 'DateTime' }) }),
  })
  builder.objectType('InboxReset', {
    description:
      'The device was away for longer than the log reaches back, or never registered: refetch by query, then go on with what follows.',
    fields: (t) => ({ reason: t.exposeString('reason') }),
  })
}

/** Whoever hears of a change was there for the change, but not necessarily for the message. */
async function changedMessage(
  { message }: Readonly<{ message: Message }>,
  _: object,
  context: Context,
): Promise<Message> {
  const view = await context.loaders.chatView.load(message.chatId)
  return isVisible(view, message.seq) ? message : concealed(message)
}

/** The log itself, for a client that found a gap. */
function defineLogField(builder: Builder): void {
  builder.objectField('Chat', 'events', (t) =>
    t.field({
      type: ['ChatEvent'],
      description: `The log itself, for a client that found a gap: events with seq > afterSeq, at most \`first\` (${MAX_LOG_PAGE} at most).`,
      args: { afterSeq: t.arg.int({ required: true }), first: t.arg.int() },
      resolve: async (chat, { afterSeq, first }, context): Promise<readonly ChatEvent[]> => {
        const limit = first ?? MAX_LOG_PAGE
        if (afterSeq < 0 || limit < 0) throw badInput('afterSeq and first can not be negative')
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
      'ReceiptAdvanced',
      'TypingChanged',
      'CaughtUp',
      'InboxReset',
    ],
    resolveType: (item) => item.type,
  })
  builder.subscriptionFields((t) => ({
    inbox: t.field({
      type: inboxEvent,
      description: INBOX_DESCRIPTION,
      args: {
        deviceId: t.arg.string({
          description: '1 to 64 characters, made and kept by the app on this device.',
        }),
      },
      subscribe: (_, { deviceId }, context) =>
        context.services.inbox.open({
          viewerId: requireViewer(context).userId,
          deviceId: parseDeviceId(deviceId ?? undefined),
          onOverflow: () => context.disconnectSlowReader?.(),
        }),
      resolve: (item: InboxItem) => item,
    }),
    chatEvents: t.field({
      type: inboxEvent,
      description:
        'One chat, from just after a known position (its head if null): replay, CaughtUp, live. Never ReceiptAdvanced of other chats.',
      args: { chatId: t.arg.id({ required: true }), afterSeq: t.arg.int() },
      subscribe: (_, { chatId, afterSeq }, context) =>
        context.services.chatStreams.open({
          viewerId: requireViewer(context).userId,
          chatId: idArgument.chat('chatId', chatId),
          afterSeq: afterSeq ?? undefined,
          onOverflow: () => context.disconnectSlowReader?.(),
        }),
      resolve: (item: InboxItem) => item,
    }),
  }))
}

const INBOX_DESCRIPTION = `Everything that concerns the viewer, in all chats, each chat's events in seq order without gap or repetition.
With a deviceId: first whatever this device has not yet acknowledged by markDelivered (so a plain re-subscribe after a lost connection
misses nothing), then CaughtUp, then live. A deviceId never seen before is registered at this moment: nothing to replay.
Without: CaughtUp at once, then live; what was written to the socket counts as delivered.`
