import type { Api } from './inbox.ts'

export type Presence = { user: { id: string }; online: boolean | null; lastSeenAt: string | null }

export const HEARTBEAT = `
  mutation Heartbeat {
    heartbeat(input: { userActivity: true }) { presence { online } }
  }`

/** For the people on the screen: the state of each at once, then changes. */
export const PRESENCE = `
  subscription Presence($userIds: [ID!]!) {
    presence(userIds: $userIds) { user { id } online lastSeenAt }
  }`

const THERE = ['pointerdown', 'keydown', 'scroll', 'focus']

/** Says that the person is there, whenever they do something, and every ten seconds at most. A browser's `window` does. */
export function sayWhenThere(api: Pick<Api, 'mutate'>, person: EventTarget): void {
  let saidAt = -Infinity
  const say = (): void => {
    if (performance.now() - saidAt < 10_000) return
    saidAt = performance.now()
    api.mutate(HEARTBEAT).catch((error: unknown) => console.error('No heartbeat:', error))
  }
  for (const event of THERE) person.addEventListener(event, say, { capture: true, passive: true })
}

/** What to show for a person. Unknown is not offline. */
export function presenceText({ online, lastSeenAt }: Presence): string {
  if (online === true) return 'online'
  return lastSeenAt === null ? '' : `last seen ${new Date(lastSeenAt).toLocaleString()}`
}
