import type { Builder } from '../builder.ts'
import { requireViewer } from '../context.ts'
import type { ServiceLevel } from '../../overload/levels.ts'
import type { ServiceStatus } from '../../overload/service-status.ts'

export function defineServiceStatus(builder: Builder): void {
  const level = builder.enumType('ServiceLevel', {
    values: { NORMAL: {}, BUSY: {}, ESSENTIAL: {} } as const satisfies Record<ServiceLevel, unknown>,
  })
  const status = builder.objectRef<ServiceStatus>('ServiceStatus').implement({
    fields: (t) => ({
      level: t.field({ type: level, resolve: (present) => present.level }),
      since: t.expose('since', { type: 'DateTime' }),
      paused: t.stringList({
        resolve: ({ paused }) => [...paused],
      }),
    }),
  })
  builder.queryField('serviceStatus', (t) =>
    t.field({
      type: status,
      resolve: (_, __, context) => {
        requireViewer(context)
        return context.services.levels.status()
      },
    }),
  )
  builder.subscriptionField('serviceStatus', (t) =>
    t.field({
      type: status,
      subscribe: (_, __, context) => {
        requireViewer(context)
        return context.services.levels.subscribe()
      },
      resolve: (present: ServiceStatus) => present,
    }),
  )
}
