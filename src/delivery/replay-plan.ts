import type { Hub } from '../gateway/hub.ts'
import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'
import type { DeviceStore, Pending, Registration } from './device-store.ts'
import { createMerge, type Merge } from './merge.ts'
import { readUntilFresh } from './phases.ts'
import type { ThrottledReads } from './throttled-reads.ts'

/** The replay of an inbox, and the merge that joins its live part to the replay. */
export type ReplayPlan = Readonly<{
  /** The state of the device before; undefined without a device, so that nothing is pending. */
  registration: Registration | undefined
  pending: readonly Pending[]
  merge: Merge
}>

export type ReplayPlanner = (
  subscriber: Readonly<{ viewerId: UserId; deviceId: DeviceId | undefined }>,
  stream: Readonly<{
    signal: AbortSignal
    hasQueued(): boolean
    /** Resolves when other gateways find the user here. Pending events are read after that. */
    registered: Promise<void>
  }>,
) => Promise<ReplayPlan>

type Dependencies = Readonly<{
  hub: Pick<Hub, 'addMembership' | 'endMembership'>
  devices: DeviceStore
  throttled: ThrottledReads['read']
}>

/** Between two reads of what is pending, if memberships keep changing meanwhile. */
const BACKOFF = { firstMs: 20, maxMs: 1_000 }

/**
 * Reads what is pending and has the hub serve each of the user's chats to their streams.
 *
 * The head that was read from the database and the last event that the hub delivered may differ either way:
 * - The hub is behind: it will still push events that the replay covers. The merge drops them.
 * - The hub is ahead: it delivered events before this stream joined. The replay is extended up to the hub's position.
 * - The hub is ahead and one of those events changed the chat's members: the user may be the member who was removed,
 *   and must not see what follows. The result is stale, so all of it is read again.
 */
export function createReplayPlanner({ hub, devices, throttled }: Dependencies): ReplayPlanner {
  function planFor(viewerId: UserId, pending: readonly Pending[], hasQueued: boolean) {
    const covered = new Map<ChatId, Seq>()
    const extended: Pending[] = []
    for (const chat of pending) {
      const deliveredSeq = startServing(viewerId, chat)
      if (deliveredSeq === 'stale') return deliveredSeq
      const lastSeq = chat.isMember ? Math.max(deliveredSeq, chat.lastSeq) : chat.lastSeq
      // A covered event can only arrive if the hub is still behind, or if another stream of the user made the hub push
      // it already. Usually neither is true, and the merge has nothing to remember.
      if (deliveredSeq < lastSeq || hasQueued) covered.set(chat.chatId, lastSeq)
      extended.push({ ...chat, lastSeq })
    }
    return { pending: extended.filter(isBehind), merge: createMerge(covered) }
  }

  /** Returns the seq of the last event that the hub has delivered. A chat that the user has left is not served. */
  function startServing(viewerId: UserId, chat: Pending): Seq | 'stale' {
    const { chatId, isMember, joinedSeq, lastSeq, floorSeq } = chat
    if (isMember) return hub.addMembership(viewerId, { chatId, joinedSeq, headSeq: lastSeq, floorSeq })
    return hub.endMembership(viewerId, { chatId, leftSeq: lastSeq }) ?? lastSeq
  }

  return async function plan({ viewerId, deviceId }, { signal, hasQueued, registered }) {
    async function read(): Promise<Omit<ReplayPlan, 'merge'>> {
      const found = deviceId === undefined ? undefined : await devices.register(viewerId, deviceId)
      await registered
      return { registration: found, pending: await devices.pending(viewerId, deviceId) }
    }

    // A second attempt finds the device registered by the first. Only the first one says what the device was before.
    let registration: Registration | undefined
    async function attempt(): Promise<Omit<ReplayPlan, 'registration'> | 'stale'> {
      const found = await throttled(signal, read)
      registration ??= found.registration
      return planFor(viewerId, found.pending, hasQueued())
    }

    const result = await readUntilFresh(attempt, { backoff: BACKOFF, signal })
    if (result === 'stale') throw new Error('Reading what is pending was given up')
    return { ...result, registration }
  }
}

function isBehind({ ackedSeq, lastSeq }: Pending): boolean {
  return ackedSeq < lastSeq
}
