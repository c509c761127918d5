import type { ConnectionState, ServiceStatus } from '@parley/client'

export type BannerText = Readonly<{ kind: 'offline' | 'progress' | 'signed-out' | 'busy'; text: string }>

/** Paused features in words for a person. Unknown names are left out. */
const PAUSED: Readonly<Record<string, string>> = {
  typing: 'who is typing',
  presence: 'who is online',
  receipts: 'read ticks',
}

/**
 * Says what does not work at the moment. Undefined if all is well. `isOffline`: the last attempt has failed, or the
 * browser has no network.
 */
export function bannerText(
  connection: ConnectionState,
  { paused }: ServiceStatus,
  isOffline: boolean,
): BannerText | undefined {
  if (isOffline && connection.type !== 'signed-out') return OFFLINE
  switch (connection.type) {
    case 'signed-out':
      return {
        kind: 'signed-out',
        text: 'You are signed out. Messages that you write are kept on this device.',
      }
    case 'offline':
      return OFFLINE
    case 'connecting':
      return { kind: 'progress', text: 'Connecting…' }
    case 'catching-up':
      return { kind: 'progress', text: 'Catching up on what you missed…' }
    case 'live': {
      const features = paused.flatMap((name) => PAUSED[name] ?? [])
      if (features.length === 0) return undefined
      return {
        kind: 'busy',
        text: `Many people are here right now. Messages arrive as always; ${list(features)} will be back soon.`,
      }
    }
    default:
      return connection satisfies never
  }
}

const OFFLINE: BannerText = {
  kind: 'offline',
  text: 'You are offline. Your messages wait here until you are back.',
}

function list(items: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'conjunction' }).format(items)
}
