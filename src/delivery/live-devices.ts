import type { DeviceId, UserId } from '../ids.ts'
import type { Dispose } from '../lib/dispose.ts'

/** The devices of this gateway whose inbox has caught up, so that they get every event and receipt. */
export type LiveDevices = Readonly<{
  has(userId: UserId, deviceId: DeviceId): boolean
  /** Adds an inbox of the device until it is disposed of. A device can have several inboxes. */
  add(userId: UserId, deviceId: DeviceId): Dispose
}>

export function createLiveDevices(): LiveDevices {
  const inboxCounts = new Map<string, number>()
  const keyOf = (userId: UserId, deviceId: DeviceId): string => JSON.stringify([userId, deviceId])

  function change(key: string, by: 1 | -1): void {
    const count = (inboxCounts.get(key) ?? 0) + by
    if (count > 0) inboxCounts.set(key, count)
    else inboxCounts.delete(key)
  }

  return {
    has: (userId, deviceId) => inboxCounts.has(keyOf(userId, deviceId)),
    add(userId, deviceId) {
      const key = keyOf(userId, deviceId)
      change(key, 1)
      return () => change(key, -1)
    },
  }
}
