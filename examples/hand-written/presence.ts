import type { Api } from './inbox.ts'

export type Presence = { user: { id: string }; online: boolean | null; lastSeenAt: string | null }

export const HEARTBEAT = `
  mutation Heartbeat {
    heartbeat(input: { userActivity: true }) { presence { online } }
  }`

/** For the users on the screen: the state of each at once, then changes. */
export const PRESENCE = `
  subscription Presence($userIds: [ID!]!) {
    presence(userIds: $userIds) { user { id } online lastSeenAt }
  }`

const ACTIVITY_EVENTS = ['pointerdown', 'keydown', 'scroll', 'focus']

/** Sends a heartbeat on user activity, at most every ten seconds. In a browser, `activity` is `window`. */
export function sendHeartbeats(api: Pick<Api, 'mutate'>, activity: EventTarget): void {
  let sentAt = -Infinity
  const send = (): void => {
    if (performance.now() - sentAt < 10_000) return
    sentAt = performance.now()
    api.mutate(HEARTBEAT).catch((error: unknown) => console.error('Heartbeat failed:', error))
  }
  for (const event of ACTIVITY_EVENTS)
    activity.addEventListener(event, send, { capture: true, passive: true })
}

/** Returns the text to show for a user. Unknown is not offline. */
export function presenceText({ online, lastSeenAt }: Presence): string {
  if (online === true) return 'online'
  return lastSeenAt === null ? '' : `last seen ${new Date(lastSeenAt).toLocaleString()}`
}
