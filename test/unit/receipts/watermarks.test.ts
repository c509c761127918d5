import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DeviceId, UserId } from '../../../src/ids.ts'
import { type Advance, collapse, memberKeyOf } from '../../../src/receipts/watermarks.ts'
import { alice, bob, chatId } from '../../harness/fixtures/chat-events.ts'

const advance: fc.Arbitrary<Advance> = fc.record({
  chatId: fc.constantFrom(chatId('tea'), chatId('coffee')),
  userId: fc.constantFrom('alice', 'alice b', 'bob').map((name) => name as UserId),
  deliveredSeq: fc.nat(9),
  readSeq: fc.nat(9),
  deviceId: fc.constantFrom('phone', 'b phone', undefined).map((name) => name as DeviceId | undefined),
  isLive: fc.boolean(),
})

/** Returns what the database would hold if each advance was written separately. */
function applied(advances: readonly Advance[]) {
  const members = new Map<string, { deliveredSeq: number; readSeq: number }>()
  const positions = new Map<string, number>()
  for (const it of advances) {
    const before = members.get(memberKeyOf(it)) ?? { deliveredSeq: 0, readSeq: 0 }
    const readSeq = Math.max(before.readSeq, it.readSeq)
    const deliveredSeq = Math.max(before.deliveredSeq, it.deliveredSeq, readSeq)
    members.set(memberKeyOf(it), { deliveredSeq, readSeq })
    const device = JSON.stringify([it.chatId, it.userId, it.deviceId])
    if (it.deviceId !== undefined)
      positions.set(device, Math.max(positions.get(device) ?? 0, it.deliveredSeq))
  }
  return { members, positions }
}

test('has the same effect as the separate advances', () => {
  fc.assert(
    fc.property(fc.array(advance), (advances) => {
      const { members, devices } = collapse(advances)
      const byMember = members.map(({ deliveredSeq, readSeq, ...key }) => {
        return [memberKeyOf(key), { deliveredSeq, readSeq }] as const
      })
      const byDevice = devices.map(({ ackedSeq, ...device }) => {
        return [JSON.stringify([device.chatId, device.userId, device.deviceId]), ackedSeq] as const
      })
      expect({ members: new Map(byMember), positions: new Map(byDevice) }).toEqual(applied(advances))
      expect([byMember.length, byDevice.length]).toEqual([new Map(byMember).size, new Map(byDevice).size])
    }),
  )
})

test('treats a read message as delivered', () => {
  const read: Advance = {
    chatId: chatId('tea'),
    userId: bob,
    deliveredSeq: 2,
    readSeq: 5,
    deviceId: undefined,
    isLive: false,
  }
  expect(collapse([read]).members).toEqual([
    { chatId: chatId('tea'), userId: bob, deliveredSeq: 5, readSeq: 5 },
  ])
})

test('keeps devices of different users apart, however similar their names are', () => {
  const report = (userId: string, deviceId: string, deliveredSeq: number): Advance => {
    const names = { userId: userId as UserId, deviceId: deviceId as DeviceId }
    return { chatId: chatId('tea'), ...names, deliveredSeq, readSeq: 0, isLive: false }
  }
  const { devices } = collapse([report('alice', 'b phone', 3), report('alice b', 'phone', 9)])
  expect(devices.map(({ userId, ackedSeq }) => [userId, ackedSeq])).toEqual([
    ['alice', 3],
    ['alice b', 9],
  ])
})

test('returns the same key for the same member and chat only', () => {
  const keys = ['tea', 'coffee'].flatMap((chat) =>
    [alice, bob].map((userId) => memberKeyOf({ chatId: chatId(chat), userId })),
  )
  expect(new Set(keys).size).toBe(4)
  expect(memberKeyOf({ chatId: chatId('tea'), userId: alice })).toBe(keys[0])
})
