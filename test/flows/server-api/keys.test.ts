import { expect, test } from 'vitest'
import { withDatabase } from '../../../src/cli/commands/with-database.ts'
import { createKeys } from '../../../src/keys/keys.ts'
import { connect, createTestDatabase, query } from '../../harness/servers/database.ts'
import { SERVER_API, startParley } from '../../harness/servers/parley.ts'
import { Person } from '../../harness/people/person.ts'

const READ = '{ users(ids: ["user_alice"]) { id } }'
const UPSERT = 'mutation { upsertUsers(users: [{ id: "user_alice", name: "Alice" }]) { id } }'

test('rejects calls without a valid key, all with the same answer', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  expect(await backend.post(READ)).toEqual({ data: { users: [null] } })
  const otherSecret = backend.key.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  const unknownId = backend.key.replace(/sk_./, (start) => (start.endsWith('0') ? 'sk_1' : 'sk_0'))
  const answers = await Promise.all(
    [otherSecret, unknownId, 'parley_sk_', 'nonsense'].map((key) => backend.withKey(key).post(READ)),
  )
  for (const answer of answers) expect(answer).toEqual(answers[0])
  expect(answers[0]?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
  expect(await backend.withKey('').codeOf(READ)).toBe('UNAUTHENTICATED')
})

test('a revoked key fails on every gateway from the next call on', async () => {
  await using database = await createTestDatabase()
  await using one = await startParley({ databaseUrl: database.url, config: SERVER_API })
  await using other = await startParley({ databaseUrl: database.url, config: SERVER_API })
  const backend = await one.backend()
  const elsewhere = (await other.backend()).withKey(backend.key)
  await Promise.all([backend.run(READ), elsewhere.run(READ)])
  await withDatabase(database.url, (db) => createKeys(db).revoke(backend.id))
  expect(await Promise.all([backend.codeOf(READ), elsewhere.codeOf(READ)])).toEqual([
    'UNAUTHENTICATED',
    'UNAUTHENTICATED',
  ])
})

test('an expired key fails', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend({ lifetimeS: 3_600 })
  await backend.run(READ)
  await query(parley.databaseUrl, "UPDATE server_keys SET expires_at = now() - interval '1 second'")
  expect(await backend.codeOf(READ)).toBe('UNAUTHENTICATED')
})

test('at most two keys with one name are valid at a time', async () => {
  await using database = await createTestDatabase()
  await withDatabase(database.url, async (db) => {
    const keys = createKeys(db)
    const create = () => keys.create({ name: 'shop', scopes: ['read'], lifetimeS: undefined })
    const [first, second] = [await create(), await create()]
    expect(second).toBeDefined()
    expect(await create()).toBeUndefined()
    await keys.revoke(first?.key.id ?? '')
    expect(await create()).toBeDefined()
  })
})

test('the database does not contain the secret of a key', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const secret = (await parley.backend()).key.split('_')[3] ?? ''
  await using connection = await connect(parley.databaseUrl)
  const { rows } = await connection.client.query<{ row: string }>('SELECT k::text AS row FROM server_keys k')
  expect(rows).toHaveLength(1)
  expect(secret).toHaveLength(64)
  expect(rows[0]?.row).not.toContain(secret)
})

test('a key may do only what its scopes allow', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const reader = await parley.backend({ scopes: ['read'] })
  const writer = await parley.backend({ scopes: ['users'] })
  expect(await reader.codeOf(UPSERT)).toBe('FORBIDDEN')
  expect(await writer.codeOf(READ)).toBe('FORBIDDEN')
  await writer.run(UPSERT)
  expect(await reader.run(READ)).toEqual({ users: [{ id: 'user_alice' }] })
})

test('a key does not act in the name of a user without the scope for it', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  const send = (senderId: string) => `mutation { sendMessage(input: {
    senderId: "${senderId}", chatId: "${chatId}", clientMessageId: "1", body: "Hi" }) { deduplicated } }`
  const sender = await parley.backend({ scopes: ['messages'] })
  expect(await sender.codeOf(send(alice.id))).toBe('FORBIDDEN')
  const actor = await parley.backend({ scopes: ['messages', 'act-as-user'] })
  expect(await actor.run(send(alice.id))).toEqual({ sendMessage: { deduplicated: false } })
  expect(await actor.codeOf(send('user_unknown'))).toBe('NOT_FOUND')
  expect(await actor.codeOf(send('user_parley:system'))).toBe('NOT_FOUND')
})

test('the public port knows neither the fields nor the keys of the server API', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const alice = await parley.person('alice')
  const backend = await parley.backend()
  expect((await alice.post(UPSERT)).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  await using thief = new Person({ url: parley.url, token: backend.key, name: 'thief' })
  expect((await thief.post('{ viewer { id } }')).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
  expect(await backend.withKey(alice.token).codeOf(READ)).toBe('UNAUTHENTICATED')
})

test('no token can name the system user', async () => {
  await using parley = await startParley({ config: SERVER_API })
  await expect(parley.person('parley:system')).rejects.toThrow('UNAUTHENTICATED')
})

test('records each call with its key, fields, users and outcome', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  const backend = await parley.backend()
  await backend.run(UPSERT)
  await backend.post(`mutation { x: sendMessage(input: {
    senderId: "user_alice", chatId: "${chatId}", clientMessageId: "1", body: "" }) { deduplicated } }`)
  const calls = await query(parley.databaseUrl, 'SELECT * FROM server_calls ORDER BY at')
  const common = { key_id: backend.id, address: '127.0.0.1' }
  expect(calls).toMatchObject([
    { ...common, fields: ['upsertUsers'], acted_as: [], outcome: 'OK' },
    { ...common, fields: ['sendMessage'], acted_as: ['alice'], outcome: 'BAD_USER_INPUT' },
  ])
})

test('a browser that opens the address reads what it is', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const { url } = await parley.backend()
  for (const address of [url, new URL('/', url)])
    for (const accept of ['text/html', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8']) {
      const page = await fetch(address, { headers: { accept } })
      expect(page.status).toBe(200)
      expect(page.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(await page.text()).toMatch(/^This is the server API .* docs\/server-api\.md .* server\.graphql /)
    }
})
