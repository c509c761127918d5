import type { DeviceId, UserId } from '../ids.ts'

/** The devices that hear of everything on this gateway at the moment: those whose inbox has caught up. */
export type LiveDevices = Readonly<{
  has(userId: UserId, deviceId: DeviceId): boolean
  /** Until the answer is called. A device may have several inboxes. */
  add(userId: UserId, deviceId: DeviceId): () => void
}>

export function createLiveDevices(): LiveDevices {
  const inboxes = new Map<string, number>()
  const keyOf = (userId: UserId, deviceId: DeviceId): string => JSON.stringify([userId, deviceId])

  function change(key: string, by: 1 | -1): void {
    const count = (inboxes.get(key) ?? 0) + by
    if (count > 0) inboxes.set(key, count)
    else inboxes.delete(key)
  }

  return {
    has: (userId, deviceId) => inboxes.has(keyOf(userId, deviceId)),
    add(userId, deviceId) {
      const key = keyOf(userId, deviceId)
      change(key, 1)
      return () => change(key, -1)
    },
  }
}
