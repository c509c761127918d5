import { EventQueue } from '../fixtures/event-queue.ts'
import type { Person } from './person.ts'

/** The presence of a user as the API returns it. */
export type PresenceData = Readonly<{
  user: { id: string }
  online: boolean | null
  lastSeenAt: string | null
}>

export type TimedPresence = PresenceData & Readonly<{ at: number }>

const FIELDS = 'user { id } online lastSeenAt'
const HEARTBEAT = `
  mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { presence { ${FIELDS} } } }`
const PRESENCE = `query ($id: ID!) { user(id: $id) { presence { ${FIELDS} } } }`
export const PRESENCE_SUBSCRIPTION = `subscription ($userIds: [ID!]!) { presence(userIds: $userIds) { ${FIELDS} } }`

/** Reports activity of the user, or of the app only. Returns the user's own presence. */
export async function heartbeat(person: Person, userActivity = true): Promise<PresenceData> {
  const data = await person.run<{ heartbeat: { presence: PresenceData } }>(HEARTBEAT, {
    input: { userActivity },
  })
  return data.heartbeat.presence
}

/** Queries the presence of another user. Returns null if the viewer may not see it. */
export async function queryPresence(viewer: Person, other: Person): Promise<PresenceData | null> {
  const data = await viewer.run<{ user: { presence: PresenceData | null } }>(PRESENCE, { id: other.id })
  return data.user.presence
}

/** A subscription to the presence of people. */
export class PresenceStream {
  readonly updates = new EventQueue<TimedPresence>()
  /** Resolves when the subscription has ended, with the error if there was one. */
  readonly ended: Promise<unknown>
  readonly #dispose: () => void

  constructor(viewer: Person, others: readonly Person[]) {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.ended = promise
    this.#dispose = viewer.socket.subscribe<{ presence: PresenceData }>(
      { query: PRESENCE_SUBSCRIPTION, variables: { userIds: others.map(({ id }) => id) } },
      {
        next: ({ data, errors }) => {
          if (data) this.updates.push({ ...data.presence, at: Date.now() })
          else resolve(errors)
        },
        error: resolve,
        complete: () => resolve(undefined),
      },
    )
  }

  /** Returns the next update of this user with this online value. */
  async nextUpdate({ id }: Person, online: boolean | null, timeoutMs?: number): Promise<TimedPresence> {
    return this.updates.match((one) => one.user.id === id && one.online === online, timeoutMs)
  }

  /** Returns the online values received for this user, in order. */
  onlineValues({ id }: Person): (boolean | null)[] {
    return this.updates.all.filter(({ user }) => user.id === id).map(({ online }) => online)
  }

  [Symbol.dispose](): void {
    this.#dispose()
  }
}
