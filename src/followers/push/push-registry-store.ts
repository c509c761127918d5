import type { Writer } from '../../store/sql/writer.ts'
import { addFollower, enableMarks, removeFollower } from '../registry-store.ts'
import { PUSH_PROVIDERS, type PushProviderName } from './push-target.ts'
import { followerOf, PLANNER } from './push-store.ts'

/** The followers of push in the database. */
export type PushRegistry = Readonly<{
  /** Makes changes leave marks for these providers alone. Without any, push costs nothing. */
  set(providers: readonly PushProviderName[]): Promise<void>
}>

export function createPushRegistry({
  writer,
}: {
  writer: Pick<Writer, 'transaction' | 'prisma'>
}): PushRegistry {
  return {
    async set(providers) {
      const wanted = providers.length === 0 ? [] : [PLANNER, ...providers.map(followerOf)]
      const found = await writer.prisma.follower.findMany({
        where: { id: { in: [PLANNER, ...PUSH_PROVIDERS.map(followerOf)] } },
        select: { id: true },
      })
      const ids = found.map(({ id }) => id)
      const missing = wanted.filter((id) => !ids.includes(id))
      const extra = ids.filter((id) => !wanted.includes(id))
      if (missing.length > 0 || extra.length > 0)
        await writer.transaction(async (tx) => {
          for (const id of extra) await removeFollower(tx, id)
          for (const id of missing) await addFollower(tx, id, id === PLANNER ? 'LOGS' : 'PUSHES')
        })
      if (wanted.length > 0) await writer.transaction(enableMarks)
    },
  }
}
