import type { PushState } from '@parley/client/push'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { forgetRemembered } from '../boot/token.ts'
import { notify } from '../lib/notices.tsx'
import { problemText } from '../lib/problems.ts'
import { useSession } from '../session/session.ts'

export const BLOCKED =
  'Your browser blocks notifications of this page. Allow them in its settings for this site, then come back.'

export type UsePush = Readonly<{
  state: PushState
  /** Asks for permission if it is needed. Says how it went. */
  turnOn(): Promise<void>
  turnOff(): Promise<void>
}>

/** Returns whether this browser shows notifications, and the switch. */
export function usePush(): UsePush {
  const { notifications } = useSession()
  const push = useSyncExternalStore(notifications.push.subscribe, notifications.push.getSnapshot)
  const [state, setState] = useState<PushState>('unknown')
  useEffect(() => {
    if (push === undefined) return undefined
    const update = (): void => setState(push.getSnapshot())
    update()
    return push.subscribe(update)
  }, [push])

  async function turnOn(): Promise<void> {
    try {
      await push?.turnOn()
      const reached = push?.getSnapshot()
      if (reached === 'on') notify('Notifications are on.')
      if (reached === 'blocked') notify(BLOCKED)
    } catch (error) {
      notify(problemText(error))
    }
  }

  async function turnOff(): Promise<void> {
    forgetRemembered()
    await push?.turnOff()
  }

  return { state, turnOn, turnOff }
}
