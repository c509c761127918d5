import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'

/** A report that a device has received a chat up to an event, or that the user has read it. */
export type Advance = Readonly<{
  chatId: ChatId
  userId: UserId
  deliveredSeq: Seq
  /** 0 if the report is not about reading. */
  readSeq: Seq
  /** The device whose replay position moves to `deliveredSeq`, if any. */
  deviceId: DeviceId | undefined
  /** Whether that device is live: it receives all events and receipts as they are published. */
  isLive: boolean
}>

/** Advances with each member, and each device in each chat, once. */
export type CollapsedAdvances = Readonly<{
  members: readonly MemberAdvance[]
  devices: readonly DeviceAdvance[]
}>

type MemberAdvance = Omit<Advance, 'deviceId' | 'isLive'>

export type DeviceAdvance = Readonly<{
  chatId: ChatId
  userId: UserId
  deviceId: DeviceId
  ackedSeq: Seq
  isLive: boolean
}>

/** Collapses advances to the highest. Watermarks only grow, and reading implies delivery, so nothing is lost. */
export function collapse(advances: readonly Advance[]): CollapsedAdvances {
  const members = new Map<string, MemberAdvance>()
  const devices = new Map<string, DeviceAdvance>()
  for (const { chatId, userId, deviceId, isLive, deliveredSeq, readSeq } of advances) {
    const memberKey = memberKeyOf({ chatId, userId })
    const known = members.get(memberKey)
    const read = Math.max(known?.readSeq ?? 0, readSeq)
    const delivered = Math.max(known?.deliveredSeq ?? 0, deliveredSeq, read)
    members.set(memberKey, { chatId, userId, deliveredSeq: delivered, readSeq: read })
    if (deviceId === undefined) continue
    const deviceKey = JSON.stringify([chatId, userId, deviceId])
    const before = devices.get(deviceKey) ?? { ackedSeq: 0, isLive: false }
    const ackedSeq = Math.max(before.ackedSeq, deliveredSeq)
    devices.set(deviceKey, { chatId, userId, deviceId, ackedSeq, isLive: before.isLive || isLive })
  }
  return { members: [...members.values()], devices: [...devices.values()] }
}

/** Returns a map key that is equal for the same member. */
export function memberKeyOf({ chatId, userId }: Readonly<{ chatId: ChatId; userId: UserId }>): string {
  return `${chatId} ${userId}`
}
