import { groupEvents } from '@parley/client/group-events'
import { useMemo, useSyncExternalStore } from 'react'
import { useSession } from '../session/session.ts'

/** Returns what happened to the group beside its messages. */
export function useGroupEvents(chatId: string): ReturnType<ReturnType<typeof groupEvents>['getSnapshot']> {
  const { client } = useSession()
  const events = useMemo(() => groupEvents(client, chatId), [client, chatId])
  return useSyncExternalStore(events.subscribe, events.getSnapshot)
}
