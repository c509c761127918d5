import { idArgument } from '../arguments.ts'
import type { Builder } from '../builder.ts'
import { requireViewer } from '../context.ts'
import type { Presence } from '../../events/presence-state.ts'

export function definePresence(builder: Builder): void {
  builder.objectType('Presence', {
    fields: (t) => ({
      user: t.field({ type: 'User', resolve: ({ userId }, _, { loaders }) => loaders.user.load(userId) }),
      online: t.exposeBoolean('online', {
        nullable: true,
      }),
      lastSeenAt: t.expose('lastSeenAt', {
        type: 'DateTime',
        nullable: true,
      }),
    }),
  })
  builder.objectField('User', 'presence', (t) =>
    t.field({
      type: 'Presence',
      nullable: true,
      resolve: (user, _, { loaders }) => loaders.presence.load(user.id),
    }),
  )
  defineHeartbeat(builder)
  defineSubscription(builder)
}

function defineHeartbeat(builder: Builder): void {
  const input = builder.inputType('HeartbeatInput', {
    fields: (t) => ({ userActivity: t.boolean({ required: true }) }),
  })
  const payload = builder.objectRef<{ presence: Presence }>('HeartbeatPayload').implement({
    fields: (t) => ({ presence: t.expose('presence', { type: 'Presence' }) }),
  })
  builder.mutationField('heartbeat', (t) =>
    t.field({
      type: payload,
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, __, context) => {
        return { presence: await context.services.presence.findOwn(requireViewer(context).userId) }
      },
    }),
  )
}

function defineSubscription(builder: Builder): void {
  builder.subscriptionField('presence', (t) =>
    t.field({
      type: 'Presence',
      args: { userIds: t.arg.idList({ required: true }) },
      subscribe: (_, { userIds }, context) =>
        context.services.presence.subscribe(
          requireViewer(context).userId,
          userIds.map((id) => idArgument.user('userIds', id)),
        ),
      resolve: (presence: Presence) => presence,
    }),
  )
}
