import type { ChatEvent } from '../chats/chat-event.ts'
import { MAX_LOG_PAGE } from '../chats/chat-log.ts'
import { visibleRange } from '../chats/chat.ts'
import { badInput } from '../errors.ts'
import { idArgument } from '../graphql/arguments.ts'
import type { Builder } from '../graphql/builder.ts'
import { requireViewer, viewOf } from '../graphql/context.ts'
import { parseDeviceId } from '../receipts/device-id.ts'
import type { InboxItem } from './inbox-item.ts'

/** Chats don't change their members or themselves yet, so nothing else is ever delivered. */
type Deliverable = Exclude<
  InboxItem,
  { type: 'MemberAdded' | 'MemberRemoved' | 'MemberRoleChanged' | 'ChatUpdated' }
>

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
  for (const type of ['MessageSent', 'MessageEdited', 'MessageDeleted'] as const) {
    builder.objectType(type, {
      interfaces: ['ChatEvent'],
      fields: (t) => ({ message: t.expose('message', { type: 'Message' }) }),
    })
  }
  builder.objectType('ReactionChanged', {
    interfaces: ['ChatEvent'],
    fields: (t) => ({
      message: t.expose('message', { type: 'Message' }),
      emoji: t.exposeString('emoji'),
      added: t.exposeBoolean('added'),
    }),
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
        const range = visibleRange(view)
        const stretch = {
          chatId: chat.id,
          afterSeq: Math.max(afterSeq, range.first - 1),
          untilSeq: range.last,
        }
        return context.services.chatLog.read(stretch, limit)
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
      'ReceiptAdvanced',
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
      resolve: (item: InboxItem) => item as Deliverable,
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
      resolve: (item: InboxItem) => item as Deliverable,
    }),
  }))
}

const INBOX_DESCRIPTION = `Everything that concerns the viewer, in all chats, each chat's events in seq order without gap or repetition.
With a deviceId: first whatever this device has not yet acknowledged by markDelivered (so a plain re-subscribe after a lost connection
misses nothing), then CaughtUp, then live. A deviceId never seen before is registered at this moment: nothing to replay.
Without: CaughtUp at once, then live; what was written to the socket counts as delivered.`
