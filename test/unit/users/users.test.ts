import { expect, test } from 'vitest'
import { USER_CACHE_TTL_MS, createUsers } from '../../../src/users/users.ts'
import type { User } from '../../../src/users/user.ts'
import { alice, bob } from '../../harness/fixtures/chat-events.ts'

/** Users in memory, with a count of the reads and writes of the store. */
function createWorld() {
  const time = { elapsedMs: 50_000 }
  const names = new Map([
    [alice, 'Alice'],
    [bob, 'Bob'],
  ])
  const calls = { reads: 0, writes: 0 }
  const marked: string[] = []
  const users = createUsers({
    store: {
      async upsert({ id, name }) {
        calls.writes += 1
        names.set(id, name)
        return true
      },
      async put(inputs) {
        for (const { id, name } of inputs) names.set(id, name)
      },
      setDeactivated: () => Promise.resolve(true),
      async findMany(ids) {
        calls.reads += 1
        return ids.flatMap((id): User[] => {
          const name = names.get(id)
          return name === undefined ? [] : [{ id, name, avatarUrl: null, data: null }]
        })
      },
    },
    elapsedMs: () => time.elapsedMs,
    marks: { recordDelivery: (id) => void marked.push(id) },
  })
  const nameOf = async (id: User['id']): Promise<string | undefined> => (await users.find(id))?.name
  const claims = (name: string) => ({ id: alice, name, avatarUrl: null, issuedAt: new Date(1_000_000) })
  return { ...users, nameOf, claims, names, calls, marked, time }
}

test('a user is cached for the time to live and read again afterwards', async () => {
  const { nameOf, names, calls, time } = createWorld()
  expect(await nameOf(alice)).toBe('Alice')
  names.set(alice, 'Alicia')
  time.elapsedMs += USER_CACHE_TTL_MS
  expect([await nameOf(alice), calls.reads]).toEqual(['Alice', 1])
  time.elapsedMs += 1
  expect([await nameOf(alice), calls.reads]).toEqual(['Alicia', 2])
  time.elapsedMs += USER_CACHE_TTL_MS
  expect([await nameOf(alice), calls.reads]).toEqual(['Alicia', 2])
})

test('a cached user is still found when others have expired', async () => {
  const { findMany, calls, time } = createWorld()
  await findMany([alice])
  time.elapsedMs += USER_CACHE_TTL_MS
  await findMany([bob])
  time.elapsedMs += 1
  expect((await findMany([bob, alice])).map((user) => user?.name)).toEqual(['Bob', 'Alice'])
  expect(calls.reads).toBe(3)
})

test('users who are used are read together before they are too old', async () => {
  const { findMany, recent, nameOf, names, calls, time } = createWorld()
  await findMany([alice])
  time.elapsedMs += USER_CACHE_TTL_MS - 1
  expect(recent(alice)?.name).toBe('Alice')
  names.set(alice, 'Alicia')
  await findMany([bob])
  time.elapsedMs += 2
  expect([await nameOf(alice), calls.reads]).toEqual(['Alicia', 2])
})

test('the same claims are written once per quarter of an hour', async () => {
  const { provision, claims, calls, time } = createWorld()
  expect([await provision(claims('Alice')), await provision(claims('Alice'))]).toEqual([true, false])
  time.elapsedMs += 15 * 60_000 + 1
  expect([await provision(claims('Alice')), calls.writes]).toEqual([true, 2])
})

test('new claims replace the cached user at once', async () => {
  const { provision, claims, nameOf } = createWorld()
  expect(await nameOf(alice)).toBe('Alice')
  await provision(claims('Alicia'))
  expect(await nameOf(alice)).toBe('Alicia')
})

test('a written user is read from replicas that have the user, and a known one from any', async () => {
  const { provision, claims, marked } = createWorld()
  await provision(claims('Alice'))
  await provision(claims('Alice'))
  expect(marked).toEqual([alice])
})

test('holds at most 20,000 users, and evicts the least recently used', async () => {
  const { findMany, names, calls } = createWorld()
  const ids = Array.from({ length: 20_001 }, (_, index) => `user ${index}` as User['id'])
  for (const id of ids) names.set(id, id)
  await findMany(ids)
  await findMany(ids.slice(1))
  expect(calls.reads).toBe(1)
  await findMany(ids.slice(0, 1))
  expect(calls.reads).toBe(2)
})

test('remembers at most 20,000 provisioned users', async () => {
  const { provision, claims, calls } = createWorld()
  for (let index = 0; index <= 20_000; index += 1)
    await provision({ ...claims('Alice'), id: `user ${index}` as User['id'] })
  expect(await provision({ ...claims('Alice'), id: 'user 20000' as User['id'] })).toBe(false)
  expect(await provision({ ...claims('Alice'), id: 'user 0' as User['id'] })).toBe(true)
  expect(calls.writes).toBe(20_002)
})
