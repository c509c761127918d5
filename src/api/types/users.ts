import type { Builder } from '../builder.ts'
import { idArgument } from '../arguments.ts'
import { requireViewer } from '../context.ts'
import { SHARED } from '../selection-sharing.ts'
import { globalId } from '../../ids.ts'

export function defineUsers(builder: Builder): void {
  builder.objectType('User', {
    interfaces: ['Node'],
    fields: (t) => ({
      id: t.id({ ...SHARED, resolve: (user) => globalId.user(user.id) }),
      name: t.exposeString('name', SHARED),
      avatarUrl: t.exposeString('avatarUrl', { ...SHARED, nullable: true }),
      data: t.expose('data', { ...SHARED, type: 'JSON', nullable: true }),
    }),
  })

  builder.queryFields((t) => ({
    viewer: t.field({
      type: 'User',
      resolve: (_, __, context) => context.loaders.user.load(requireViewer(context).userId),
    }),
    user: t.field({
      type: 'User',
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: async (_, { id }, context) => {
        requireViewer(context)
        return context.loaders.namedUser.load(idArgument.user('id', id))
      },
    }),
  }))
}
