import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createTestDatabase, query } from '../../harness/servers/database.ts'
import { SERVER_API, startParley } from '../../harness/servers/parley.ts'
import { startReceiver } from '../../harness/people/webhook-receiver.ts'
import { parley as run } from '../../unit/cli/terminal.ts'
import { at, digestOf, fileWith, history } from './history-file.ts'

test('imported chats look to their members like any others, and are read', async () => {
  await using database = await createTestDatabase()
  await using file = await fileWith(history(3))
  expect(await run(['import', file.path], { DATABASE_URL: database.url })).toMatchObject({
    code: 0,
    printed: 'Imported 3 users, 2 chats and 6 messages. 0 were there already.',
  })
  await using gateway = await startParley({ databaseUrl: database.url, config: SERVER_API })
  const ben = await gateway.person('ben')
  const data = await ben.run<{
    chats: { edges: { node: { title: string | null } }[] }
  }>(`{ chats { edges { node {
    title headSeq unreadCount memberCount lastActivityAt
    messages(first: 9) { edges { node { seq body sentAt status sender { name } replyTo { seq } } } } } } } }`)
  const pair = data.chats.edges.map(({ node }) => node).find((node) => node.title === null)
  const messageAt = (seq: number, name: string) => ({
    node: {
      seq,
      body: `Message ${seq - 1}`,
      sentAt: at(seq - 1),
      status: 'READ',
      sender: { name },
      replyTo: seq === 1 ? null : { seq: 1 },
    },
  })
  const edges = [messageAt(1, 'ANN'), messageAt(2, 'Ben'), messageAt(3, 'ANN')]
  expect(pair).toEqual({
    title: null,
    headSeq: 3,
    unreadCount: 0,
    memberCount: 2,
    lastActivityAt: at(2),
    messages: { edges },
  })
  // The id of a group in the file is its key in the server API.
  const backend = await gateway.backend()
  const { ensureGroup } = await backend.run<{ ensureGroup: object }>(`mutation { ensureGroup(input: {
    key: "team", title: "Other", ownerIds: ["user_ann"], memberIds: [] }) { created chat { title memberCount } } }`)
  expect(ensureGroup).toEqual({ created: false, chat: { title: 'Team', memberCount: 3 } })
})

test('an interrupted import continues, and leads to the same chats', async () => {
  await using whole = await createTestDatabase()
  await using parts = await createTestDatabase()
  const records = history(3_000)
  await using file = await fileWith(records)
  await run(['import', file.path], { DATABASE_URL: whole.url })
  for (const length of [4, 4_000, records.length, records.length]) {
    await using part = await fileWith(records.slice(0, length))
    expect(await run(['import', part.path], { DATABASE_URL: parts.url })).toMatchObject({ code: 0 })
  }
  expect(await digestOf(parts.url)).toEqual(await digestOf(whole.url))
})

test('a file with problems changes nothing, and each problem names its line', async () => {
  await using database = await createTestDatabase()
  await using file = await fileWith([...history(1), { type: 'message', id: 'x', chat: 'pair' }])
  const rejected = await run(['import', file.path], { DATABASE_URL: database.url })
  expect(rejected.code).toBe(1)
  expect(rejected.noticed).toContain('nothing was imported:\nline 8: sender:')
  expect(await query(database.url, 'SELECT id FROM users')).toEqual([])
})

test('lines end at line ends alone, and their letters are those of the file', async () => {
  await using database = await createTestDatabase()
  const env = { DATABASE_URL: database.url }
  await using file = await fileWith([])
  const user = (id: string, name: string) =>
    `{"type":"user","id":"${id}","name":"${name}","data":{"note":"${name}"}}`
  // A byte order mark, line ends of Windows, and a line separator within a string.
  await writeFile(
    file.path,
    `\uFEFF${user('ann', 'Änn')}\r\n${user('ben', 'a\u2028b')}\r\n${user('cleo', '\u{1f600}')}`,
  )
  expect(await run(['import', file.path], env)).toMatchObject({ code: 0 })
  const notes = "SELECT data->>'note' AS note FROM users WHERE data IS NOT NULL ORDER BY id"
  const letters = [{ note: 'Änn' }, { note: 'a\u2028b' }, { note: '\u{1f600}' }]
  expect(await query(database.url, notes)).toEqual(letters)
  await writeFile(file.path, Buffer.from(`${user('dan', 'Dan')}\n${user('eve', 'Ève')}\n`, 'latin1'))
  const rejected = await run(['import', file.path], env)
  expect(rejected.noticed).toContain('nothing was imported:\nline 2: is not UTF-8')
  expect(await query(database.url, notes)).toEqual(letters)
})

test('--check writes nothing', async () => {
  await using database = await createTestDatabase()
  await using file = await fileWith(history(2))
  const checked = await run(['import', file.path, '--check'], { DATABASE_URL: database.url })
  expect(checked.printed).toBe('The file has no problem: 3 users, 2 chats, 4 messages.')
  expect(await query(database.url, 'SELECT id FROM users')).toEqual([])
})

test('does not mix a file into a chat that its members have used', async () => {
  await using database = await createTestDatabase()
  const env = { DATABASE_URL: database.url }
  await using first = await fileWith(history(1))
  await run(['import', first.path], env)
  await using gateway = await startParley({ databaseUrl: database.url })
  const [ann, ben] = [await gateway.person('ann'), await gateway.person('ben')]
  await ann.send(await ann.startChat(ben), 'New')
  const before = await digestOf(database.url)
  await using second = await fileWith(history(2))
  const rejected = await run(['import', second.path], env)
  expect(rejected.noticed).toContain('The chat pair has messages that are not in the file')
  expect(await digestOf(database.url)).toEqual(before)
})

test('imported messages are not posted to webhooks, but those after them are', async () => {
  await using database = await createTestDatabase()
  await using gateway = await startParley({ databaseUrl: database.url })
  await using receiver = await startReceiver(database.url, { types: ['message.sent'] })
  await using file = await fileWith(history(2))
  await run(['import', file.path], { DATABASE_URL: database.url })
  const [ann, ben] = [await gateway.person('ann'), await gateway.person('ben')]
  await ann.send(await ann.startChat(ben), 'New')
  expect((await receiver.accepted.next()).data.seq).toBe(3)
  expect(receiver.requestCount()).toBe(1)
})

test.each([
  ['missing.jsonl', 'There is no file missing.jsonl. Check the path'],
  ['test', 'test is a folder. Pass the path of a file.'],
])('a path without a file is reported before a database starts: %s', async (path, problem) => {
  // Nothing listens there, so a database that is used would be reported instead.
  const env = { DATABASE_URL: 'postgresql://127.0.0.1:1/parley' }
  const { code, noticed } = await run(['import', path], env)
  expect(code).toBe(1)
  expect(noticed).toContain(problem)
})
