import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'

/** What somebody reports: that one of their devices has a chat up to some event, or that they have read it so far. */
export type Advance = Readonly<{
  chatId: ChatId
  userId: UserId
  deliveredSeq: Seq
  /** 0 where nothing is said of reading. */
  readSeq: Seq
  /** Whose replay position moves to `deliveredSeq`, if any's. */
  deviceId: DeviceId | undefined
  /** Whether that device hears of everything at the moment, receipts included. */
  isLive: boolean
}>

/** Advances folded so that each member, and each device in each chat, occurs once. */
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

/** Watermarks only grow and reading implies delivery, so of any number of advances the highest say it all. */
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

/** The same for the same member, for use as a key. */
export function memberKeyOf({ chatId, userId }: Readonly<{ chatId: ChatId; userId: UserId }>): string {
  return `${chatId} ${userId}`
}
