import { expect, test } from 'vitest'
import type { MemberSnapshot } from '../../../src/chats/audience-store.ts'
import { AUDIENCE_TTL_MS, createAudience } from '../../../src/chats/audience.ts'
import type { UserId } from '../../../src/ids.ts'
import {
  alice,
  bob,
  carol,
  chatId,
  memberAdded,
  memberRemoved,
  sent,
} from '../../harness/fixtures/chat-events.ts'

const TEA = chatId('tea')

/** A chat of alice and bob that counts its look-ups. */
function createWorld() {
  const chat = { membersSeq: 1, userIds: [alice, bob] as readonly UserId[] }
  const clock = { time: 1_000_000, now: () => clock.time }
  let lookUps = 0
  let reading = (): Promise<void> => Promise.resolve()
  const store = {
    async memberSnapshot(): Promise<MemberSnapshot> {
      lookUps += 1
      const { membersSeq, userIds } = chat
      await reading()
      return { membersSeq, userIds }
    },
  }
  const audience = createAudience({ store, clock })
  return {
    ...audience,
    chat,
    clock,
    lookUps: () => lookUps,
    disturb: (work: () => Promise<void>) => void (reading = work),
    change: (membersSeq: number, ...userIds: UserId[]) => void Object.assign(chat, { membersSeq, userIds }),
  }
}

test('looks a chat up once per membership change, whatever the number and pace of its messages', async () => {
  const { memberIds, change, clock, lookUps } = createWorld()
  for (let messages = 0; messages < 100; messages += 1) {
    expect(await memberIds(TEA, 1)).toEqual([alice, bob])
    clock.time += 10_000
  }
  expect(lookUps()).toBe(1)
  change(102, alice, bob, carol)
  for (let messages = 0; messages < 100; messages += 1)
    expect(await memberIds(TEA, 102)).toEqual([alice, bob, carol])
  expect(lookUps()).toBe(2)
})

test('shares one look-up between concurrent calls', async () => {
  const { memberIds, lookUps } = createWorld()
  const answers = await Promise.all(Array.from({ length: 50 }, () => memberIds(TEA, 1)))
  expect([answers.every((ids) => ids.length === 2), lookUps()]).toEqual([true, 1])
})

test('starts a new look-up if the caller knows a later membership change than the one in progress', async () => {
  const { memberIds, change, disturb } = createWorld()
  const slow = Promise.withResolvers<void>()
  disturb(() => slow.promise)
  const before = memberIds(TEA, 1)
  change(7, alice)
  disturb(() => Promise.resolve())
  expect(await memberIds(TEA, 7)).toEqual([alice])
  slow.resolve()
  expect(await before).toEqual([alice, bob])
  expect(await memberIds(TEA, 7)).toEqual([alice])
  expect(await memberIds(TEA)).toEqual([alice])
})

test('returns an observed change to callers that do not know it, and an unobserved one after a while', async () => {
  const { memberIds, observe: notice, change, clock, lookUps } = createWorld()
  await memberIds(TEA)
  notice([sent('tea', 2), sent('coffee', 3, { joined: [carol] })])
  await memberIds(TEA)
  expect(lookUps()).toBe(1)
  change(4, alice)
  notice([memberRemoved('tea', 4, bob)])
  expect(await memberIds(TEA)).toEqual([alice])
  change(5, alice, carol)
  expect(await memberIds(TEA)).toEqual([alice])
  clock.time += AUDIENCE_TTL_MS
  expect(await memberIds(TEA)).toEqual([alice, carol])
  notice([memberAdded('tea', 5, carol)])
  await memberIds(TEA)
  expect(lookUps()).toBe(3)
})

test('retries a failed look-up with the next call', async () => {
  const { memberIds, disturb } = createWorld()
  disturb(() => Promise.reject(new Error('no database')))
  await expect(memberIds(TEA, 1)).rejects.toThrow('no database')
  disturb(() => Promise.resolve())
  expect(await memberIds(TEA, 1)).toEqual([alice, bob])
})

test('the members of all chats together are bounded, and the least recently used chat is evicted', async () => {
  const { memberIds, chat, lookUps } = createWorld()
  chat.userIds = Array.from({ length: 90_000 }, (_, index) => `user-${index}` as UserId)
  for (const name of ['tea', 'coffee', 'tea', 'water', 'tea']) await memberIds(chatId(name), 1)
  expect(lookUps()).toBe(3)
  await memberIds(chatId('coffee'), 1)
  expect(lookUps()).toBe(4)
})

test('a chat with more members than the cache may hold is looked up each time', async () => {
  const { memberIds, chat, lookUps } = createWorld()
  chat.userIds = Array.from({ length: 200_000 }, (_, index) => `user-${index}` as UserId)
  await memberIds(TEA, 1)
  await memberIds(TEA, 1)
  expect(lookUps()).toBe(2)
})
