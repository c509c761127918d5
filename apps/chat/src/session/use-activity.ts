import type { ParleyClient } from '@parley/client'
import { useEffect } from 'react'

const EVENTS = ['pointerdown', 'keydown', 'wheel', 'touchmove', 'focus'] as const

/** Tells the server that the person is active. The client throttles it. */
export function useActivity(client: ParleyClient): void {
  useEffect(() => {
    const note = (): void => client.noteActivity()
    if (document.visibilityState === 'visible') note()
    for (const event of EVENTS) addEventListener(event, note, { passive: true })
    return () => {
      for (const event of EVENTS) removeEventListener(event, note)
    }
  }, [client])
}
