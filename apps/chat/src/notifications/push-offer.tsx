import { useChats } from '@parley/react'
import { type ReactNode, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { usePush } from './use-push.ts'

const DECLINED = 'parley:push-declined'

/**
 * Offers notifications once the user has written something: they may now wait for an answer. The browser asks for
 * permission only after a click. A user who declines is not asked again, and finds the switch in the settings.
 */
export function PushOffer(): ReactNode {
  const { state, turnOn } = usePush()
  const hasWritten = useHasWritten()
  const [isDeclined, setIsDeclined] = useState(wasDeclined)
  if (state !== 'off' || !hasWritten || isDeclined) return null

  function decline(): void {
    setIsDeclined(true)
    try {
      localStorage.setItem(DECLINED, 'true')
    } catch {
      // Storage is blocked: the choice ends with the page.
    }
  }

  return (
    <section className="banner banner-offer" aria-label="Notifications">
      <Icon name="bell" size={18} />
      <span className="banner-text">Hear of new messages while this page is closed.</span>
      <Button className="banner-button" onPress={() => void turnOn()}>
        Turn on notifications
      </Button>
      <Button className="banner-button" onPress={decline}>
        Not now
      </Button>
    </section>
  )
}

/** Each message is pending for a moment. */
function useHasWritten(): boolean {
  const isWriting = useChats().some(({ newestUnsent }) => newestUnsent !== null)
  const [hasWritten, setHasWritten] = useState(false)
  if (isWriting && !hasWritten) setHasWritten(true)
  return hasWritten
}

function wasDeclined(): boolean {
  try {
    return localStorage.getItem(DECLINED) !== null
  } catch {
    return false
  }
}
