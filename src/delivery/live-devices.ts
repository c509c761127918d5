import type { DeviceId, UserId } from '../ids.ts'

/** The devices of this gateway whose inbox has caught up, so that they get every event and receipt. */
export type LiveDevices = Readonly<{
  has(userId: UserId, deviceId: DeviceId): boolean
  /** Adds an inbox of the device until it is removed. A device can have several inboxes. */
  add(userId: UserId, deviceId: DeviceId): void
  remove(userId: UserId, deviceId: DeviceId): void
}>

export function createLiveDevices(): LiveDevices {
  /** One entry for each inbox. Users have few devices. */
  const deviceIds = new Map<UserId, readonly DeviceId[]>()
  const of = (userId: UserId): readonly DeviceId[] => deviceIds.get(userId) ?? []

  return {
    has: (userId, deviceId) => of(userId).includes(deviceId),
    add: (userId, deviceId) => void deviceIds.set(userId, of(userId).concat(deviceId)),
    remove(userId, deviceId) {
      const left = of(userId).toSpliced(of(userId).indexOf(deviceId), 1)
      if (left.length > 0) deviceIds.set(userId, left)
      else deviceIds.delete(userId)
    },
  }
}
