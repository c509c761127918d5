import type { Builder } from '../builder.ts'
import { requireViewer } from '../context.ts'
import type { ServiceLevel } from '../../overload/levels.ts'
import type { ServiceStatus } from '../../overload/service-status.ts'

export function defineServiceStatus(builder: Builder): void {
  const level = builder.enumType('ServiceLevel', {
    values: {
      NORMAL: { description: 'Everything works.' },
      BUSY: { description: 'Typing and presence are paused; receipts arrive late.' },
      ESSENTIAL: { description: 'Only messages flow: receipts, presence and typing are paused.' },
    } as const satisfies Record<ServiceLevel, unknown>,
  })
  const status = builder.objectRef<ServiceStatus>('ServiceStatus').implement({
    fields: (t) => ({
      level: t.field({ type: level, resolve: (present) => present.level }),
      since: t.expose('since', { type: 'DateTime', description: 'Since when.' }),
      paused: t.stringList({
        description: 'Names of the features that are paused now.',
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
      description: 'The present level at once, then every change.',
      subscribe: (_, __, context) => {
        requireViewer(context)
        return context.services.levels.subscribe()
      },
      resolve: (present: ServiceStatus) => present,
    }),
  )
}
