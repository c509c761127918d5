import { parseDeviceId } from '../../chats/client-key.ts'
import { parseApns, parseFcm, parseWebPush, type PushTarget } from '../../followers/push/push-target.ts'
import { idArgument } from '../arguments.ts'
import type { Builder } from '../builder.ts'
import { requireSession, requireViewer } from '../context.ts'
import { chatPayload } from './chat-payload.ts'

export function definePush(builder: Builder): void {
  defineTargets(builder)
  defineNotifications(builder)
}

function defineTargets(builder: Builder): void {
  const webPush = builder.inputType('WebPushTargetInput', {
    fields: (t) => ({
      endpoint: t.string({ required: true }),
      p256dh: t.string({ required: true }),
      auth: t.string({ required: true }),
    }),
  })
  const environment = builder.enumType('ApnsEnvironment', { values: ['PRODUCTION', 'SANDBOX'] as const })
  const apns = builder.inputType('ApnsTargetInput', {
    fields: (t) => ({
      token: t.string({ required: true }),
      environment: t.field({ type: environment, required: true, defaultValue: 'PRODUCTION' }),
      topic: t.string(),
    }),
  })
  const fcm = builder.inputType('FcmTargetInput', {
    fields: (t) => ({ token: t.string({ required: true }) }),
  })
  const target = builder.inputType('PushTargetInput', {
    isOneOf: true,
    fields: (t) => ({
      webPush: t.field({ type: webPush }),
      apns: t.field({ type: apns }),
      fcm: t.field({ type: fcm }),
    }),
  })
  const input = builder.inputType('SetPushTargetInput', {
    fields: (t) => ({ deviceId: t.string({ required: true }), target: t.field({ type: target }) }),
  })
  type Given = NonNullable<typeof target.$inferInput>
  const toTarget = ({ webPush: web, apns: apple, fcm: google }: Given): PushTarget => {
    if (web) return parseWebPush(web)
    if (apple) {
      const { token, environment: server, topic } = apple
      return parseApns({ token, isSandbox: server === 'SANDBOX', topic: topic ?? null })
    }
    return parseFcm(google)
  }

  const payload = builder
    .objectRef<{ provider: PushTarget['provider'] | null }>('SetPushTargetPayload')
    .implement({
      fields: (t) => ({ provider: t.expose('provider', { type: 'PushProvider', nullable: true }) }),
    })
  builder.mutationField('setPushTarget', (t) =>
    t.field({
      type: payload,
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { token } = requireSession(context.session)
        const deviceId = parseDeviceId(args.input.deviceId)
        const given = args.input.target
        const parsed = given ? toTarget(given) : null
        await context.services.pushTargets.set(token, deviceId, parsed)
        return { provider: parsed?.provider ?? null }
      },
    }),
  )
}

function defineNotifications(builder: Builder): void {
  const level = builder.enumType('NotificationLevel', { values: ['ALL', 'NONE'] as const })
  const notifications = builder
    .objectRef<{ level: 'ALL' | 'NONE'; until: Date | null }>('ChatNotifications')
    .implement({
      fields: (t) => ({
        level: t.expose('level', { type: level }),
        until: t.expose('until', { type: 'DateTime', nullable: true }),
      }),
    })
  builder.objectField('Chat', 'notifications', (t) =>
    t.field({
      type: notifications,
      resolve: ({ id }, _, { loaders }) => loaders.notifications.load(id),
    }),
  )
  const input = builder.inputType('SetChatNotificationsInput', {
    fields: (t) => ({
      chatId: t.id({ required: true }),
      level: t.field({ type: level, required: true }),
      until: t.field({ type: 'DateTime' }),
    }),
  })
  builder.mutationField('setChatNotifications', (t) =>
    t.field({
      type: chatPayload(builder, 'SetChatNotificationsPayload'),
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { userId } = requireViewer(context)
        const id = idArgument.chat('chatId', args.input.chatId)
        const { level: chosen, until } = args.input
        await context.services.notifications.set(userId, id, { level: chosen, until: until ?? null })
        return { chat: { id } }
      },
    }),
  )
}
