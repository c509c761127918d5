import { expect, test } from 'vitest'
import { parley } from '../../unit/cli/terminal.ts'
import { createEmptyTestDatabase, createTestDatabase } from '../../harness/servers/database.ts'

test('creates, lists and revokes keys of the server API', async () => {
  await using database = await createTestDatabase()
  const env = { DATABASE_URL: database.url }
  expect((await parley(['key', 'list'], env)).printed).toContain('There is no key yet.')
  const created = await parley(['key', 'create', 'shop', '--scope', 'messages,read', '--for', '90d'], env)
  expect(created).toMatchObject({ code: 0, noticed: '' })
  const [, id = ''] = /^parley_sk_([0-9a-f]{16})_[0-9a-f]{64}$/.exec(created.printed) ?? []
  const row = (state: string) => new RegExp(`^${id}  shop  ${state} \\S+  \\S+  messages, read$`, 'm')
  expect((await parley(['key', 'list'], env)).printed).toMatch(row('valid until'))
  expect((await parley(['key', 'revoke', created.printed], env)).printed).toContain(
    `${id} (shop) is revoked.`,
  )
  expect((await parley(['key', 'list'], env)).printed).toMatch(row('revoked'))
})

test('says what is wrong with a key command', async () => {
  await using database = await createTestDatabase()
  const env = { DATABASE_URL: database.url }
  const wrong = await parley(['key', 'create', 'shop', '--scope', 'message'], env)
  expect(wrong).toMatchObject({
    code: 2,
    noticed: expect.stringContaining('Did you mean messages?') as unknown,
  })
  const unknown = await parley(['key', 'revoke', '0123456789abcdef'], env)
  expect(unknown).toMatchObject({
    code: 1,
    noticed: expect.stringContaining('There is no key 0123456789abcdef') as unknown,
  })
  for (const code of [0, 0, 1]) expect(await parley(['key', 'create', 'shop'], env)).toMatchObject({ code })
  await using empty = await createEmptyTestDatabase()
  const unmigrated = await parley(['key', 'list'], { DATABASE_URL: empty.url })
  expect(unmigrated).toMatchObject({
    code: 1,
    noticed: expect.stringContaining('Run "parley migrate" first') as unknown,
  })
})
