import { useConnection, useServiceStatus } from '@parley/react'
import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react'
import { Button } from '../ui/button.tsx'
import { useSession } from '../session/session.ts'
import { Icon } from '../ui/icon.tsx'
import { type BannerText, bannerText } from './banner-text.ts'

/** A connection that is back within this time is not worth a banner, in milliseconds. */
const QUIET_MS = 600

/** One line above the chat that says what does not work. */
export function Banner(): ReactNode {
  const { signIn } = useSession()
  const [isRead, setIsRead] = useState(false)
  const settled = useSettled(useBannerText())
  const banner = settled?.kind === 'forgetful' && isRead ? undefined : settled
  return (
    <div className="banner-place" role="status">
      {banner !== undefined && (
        <div className={`banner banner-${banner.kind}`}>
          {banner.kind === 'progress' ? <span className="spinner" /> : <Icon name="warning" size={18} />}
          <span>{banner.text}</span>
          {banner.kind === 'signed-out' && signIn !== undefined && (
            <Button className="banner-button" onPress={signIn}>
              Sign in
            </Button>
          )}
          {banner.kind === 'forgetful' && (
            <Button className="banner-button" onPress={() => setIsRead(true)}>
              OK
            </Button>
          )}
        </div>
      )}
    </div>
  )
}

function useBannerText(): BannerText | undefined {
  const { isForgetful } = useSession()
  const connection = useConnection()
  const status = useServiceStatus()
  const [isOffline, setIsOffline] = useState(false)
  const hasNetwork = useSyncExternalStore(subscribeToNetwork, () => navigator.onLine)
  const isOfflineNow =
    !hasNetwork || connection.type === 'offline' || (isOffline && connection.type === 'connecting')
  if (isOfflineNow !== isOffline) setIsOffline(isOfflineNow)
  return bannerText({ connection, status, isOffline: isOfflineNow, isForgetful })
}

/** The browser knows that a cable is unplugged before the connection does. */
function subscribeToNetwork(listener: () => void): () => void {
  addEventListener('online', listener)
  addEventListener('offline', listener)
  return () => {
    removeEventListener('online', listener)
    removeEventListener('offline', listener)
  }
}

/** Returns a text once it has stood for a moment. That all is well is shown at once. */
function useSettled(text: BannerText | undefined): BannerText | undefined {
  const [settled, setSettled] = useState<BannerText>()
  const key = text?.text
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), text === undefined ? 0 : QUIET_MS)
    return () => clearTimeout(timer)
    // Texts are compared by content.
  }, [key])
  return text === undefined ? undefined : settled
}
