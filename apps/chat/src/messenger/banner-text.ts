import type { ConnectionState, ServiceStatus } from '@parley/client'

export type BannerText = Readonly<{
  kind: 'offline' | 'progress' | 'signed-out' | 'busy' | 'forgetful'
  text: string
}>

/** Paused features in words for a person. Unknown names are left out. */
const PAUSED: Readonly<Record<string, string>> = {
  typing: 'who is typing',
  presence: 'who is online',
  receipts: 'read ticks',
  uploads: 'pictures and files',
}

type Situation = Readonly<{
  connection: ConnectionState
  status: ServiceStatus
  /** The last attempt has failed, or the browser has no network. */
  isOffline: boolean
  /** Messages that are not sent are lost with the page. */
  isForgetful: boolean
}>

/** Says what does not work at the moment. Undefined if all is well. */
export function bannerText({
  connection,
  status,
  isOffline,
  isForgetful,
}: Situation): BannerText | undefined {
  const { type } = connection
  if (type === 'offline' || (isOffline && type !== 'signed-out')) return isForgetful ? LOSING : OFFLINE
  switch (type) {
    case 'signed-out':
      return isForgetful ? SIGNED_OUT : { ...SIGNED_OUT, text: `${SIGNED_OUT.text} ${KEPT}` }
    case 'connecting':
      return { kind: 'progress', text: 'Connecting…' }
    case 'catching-up':
      return { kind: 'progress', text: 'Catching up on what you missed…' }
    case 'live':
      return busyText(status) ?? (isForgetful ? FORGETFUL : undefined)
    default:
      return type satisfies never
  }
}

function busyText({ paused }: ServiceStatus): BannerText | undefined {
  const features = paused.flatMap((name) => PAUSED[name] ?? [])
  if (features.length === 0) return undefined
  return {
    kind: 'busy',
    text: `Many people are here right now. Messages arrive as always; ${list(features)} will be back soon.`,
  }
}

const OFFLINE: BannerText = {
  kind: 'offline',
  text: 'You are offline. Your messages wait here until you are back.',
}
const LOSING: BannerText = {
  kind: 'offline',
  text: 'You are offline. Keep this page open: your messages wait here until you are back.',
}
const FORGETFUL: BannerText = {
  kind: 'forgetful',
  text: 'This browser lets the page store nothing. Messages that are not sent yet are lost when you close it.',
}
const SIGNED_OUT: BannerText = { kind: 'signed-out', text: 'You are signed out.' }
const KEPT = 'Messages that you write are kept on this device.'

function list(items: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'conjunction' }).format(items)
}
