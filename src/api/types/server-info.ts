import type { Builder } from '../builder.ts'
import { PUSH_PROVIDERS } from '../../followers/push/push-target.ts'
import type { ServerInfo, ServerLimits, ServerPush } from '../server-info.ts'

export function defineServerInfo(builder: Builder): void {
  const limits = builder.objectRef<ServerLimits>('ServerLimits').implement({
    fields: (t) => ({
      maxBodyLength: t.exposeInt('maxBodyLength'),
      maxGroupMembers: t.exposeInt('maxGroupMembers'),
      maxUploadBytes: t.exposeInt('maxUploadBytes'),
      maxAttachmentsPerMessage: t.exposeInt('maxAttachmentsPerMessage'),
      maxPageSize: t.exposeInt('maxPageSize'),
      maxMessageFrameBytes: t.exposeInt('maxMessageFrameBytes'),
    }),
  })
  builder.enumType('PushProvider', { values: PUSH_PROVIDERS })
  const push = builder.objectRef<ServerPush>('ServerPush').implement({
    fields: (t) => ({
      providers: t.field({ type: ['PushProvider'], resolve: ({ providers }) => [...providers] }),
      webPushKey: t.exposeString('webPushKey', { nullable: true }),
    }),
  })
  const info = builder.objectRef<ServerInfo>('ServerInfo').implement({
    fields: (t) => ({
      version: t.exposeString('version'),
      features: t.stringList({ resolve: ({ features }) => [...features] }),
      limits: t.expose('limits', { type: limits }),
      push: t.expose('push', { type: push }),
    }),
  })
  // Clients need it before they have a token, so it does not require a viewer.
  builder.queryField('serverInfo', (t) =>
    t.field({ type: info, resolve: (_, __, { services }) => services.serverInfo }),
  )
}
