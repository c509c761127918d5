import { idArgument } from '../arguments.ts'
import type { Builder } from '../builder.ts'
import { requireViewer } from '../context.ts'
import type { Presence } from '../../events/presence-state.ts'

export function definePresence(builder: Builder): void {
  builder.objectType('Presence', {
    description: 'Online means: real user activity within the last 20 seconds.',
    fields: (t) => ({
      user: t.field({ type: 'User', resolve: ({ userId }, _, { loaders }) => loaders.user.load(userId) }),
      online: t.exposeBoolean('online', {
        nullable: true,
        description: 'Null: not known now (presence is paused under load). Never false for want of knowing.',
      }),
      lastSeenAt: t.expose('lastSeenAt', {
        type: 'DateTime',
        nullable: true,
        description: 'The last real user activity; null if there never was one.',
      }),
    }),
  })
  builder.objectField('User', 'presence', (t) =>
    t.field({
      type: 'Presence',
      nullable: true,
      description: 'Visible to the user and to whoever shares a chat with them; null to everybody else.',
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
      description:
        "Keeps the viewer online if `userActivity`; an app's own request (false) proves nothing about the person and changes nothing.",
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
      description:
        'The present state of each user at once, then every change. At most 500 users, each of whom shares a chat with the viewer.',
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
