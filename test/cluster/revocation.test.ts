import { expect, test } from 'vitest'
import { query } from '../harness/servers/database.ts'
import { startCluster } from '../harness/servers/cluster.ts'
import { startParley, type TestParley } from '../harness/servers/parley.ts'
import { codeOver, issue, openInbox } from '../harness/people/issued-token.ts'
import { parley as run } from '../unit/cli/terminal.ts'

/** A second, and the time of a busy machine to notice. */
const NOTICED_WITHIN_MS = 5_000

const REVOKED = { code: 4403, reason: 'Token revoked' }

test('signs a user out on every gateway while Redis is dead, and admits a token that was issued later', async () => {
  await using cluster = await startCluster(2)
  const [west, east] = cluster.gateways as [TestParley, TestParley]
  const [alice, bob] = [await issue('alice'), await issue('bob')]
  await using aliceWest = await openInbox(west, alice)
  await using aliceEast = await openInbox(east, alice)
  await using bobEast = await openInbox(east, bob)
  await cluster.redis.kill()
  const { code, printed } = await run(['revoke', '--user', 'alice'], { DATABASE_URL: cluster.databaseUrl })
  expect(code).toBe(0)
  expect(printed).toMatch(/^user alice, tokens issued before \d{4}-/)
  expect(await aliceWest.closed.next(NOTICED_WITHIN_MS)).toMatchObject(REVOKED)
  expect(await aliceEast.closed.next(NOTICED_WITHIN_MS)).toMatchObject(REVOKED)
  for (const { url } of cluster.gateways) {
    expect(await codeOver(url, alice)).toBe('UNAUTHENTICATED')
    expect(await codeOver(url, await issue('alice', { ageS: -60 }))).toBeUndefined()
    expect(await codeOver(url, bob)).toBeUndefined()
  }
  expect(bobEast.closed.all).toEqual([])
})

test('revokes one token alone, also after a restart, and lists it', async () => {
  await using cluster = await startCluster(1)
  const [first] = cluster.gateways as [TestParley]
  const [lost, kept] = [await issue('alice'), await issue('alice')]
  await using onLost = await openInbox(first, lost)
  await using onKept = await openInbox(first, kept)
  await run(['revoke', '--token', lost.jti], { DATABASE_URL: cluster.databaseUrl })
  expect(await onLost.closed.next(NOTICED_WITHIN_MS)).toMatchObject(REVOKED)
  expect(onKept.closed.all).toEqual([])
  const restarted = await cluster.add()
  expect(await codeOver(restarted.url, lost)).toBe('UNAUTHENTICATED')
  expect(await codeOver(restarted.url, kept)).toBeUndefined()
  const { printed } = await run(['revoke', '--list'], { DATABASE_URL: cluster.databaseUrl })
  expect(printed).toMatch(new RegExp(`^token ${lost.jti}, until \\d{4}-`))
})

test('a revocation before an earlier moment leaves newer tokens valid, and the later of two moments counts', async () => {
  await using parley = await startParley()
  const env = { DATABASE_URL: parley.databaseUrl }
  const [older, newer] = [await issue('alice', { ageS: 7_000 }), await issue('alice', { ageS: 60 })]
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString()
  await run(['revoke', '--user', 'alice', '--before', hourAgo], env)
  await expect.poll(() => codeOver(parley.url, older)).toBe('UNAUTHENTICATED')
  expect(await codeOver(parley.url, newer)).toBeUndefined()
  await run(['revoke', '--user', 'alice'], env)
  await expect.poll(() => codeOver(parley.url, newer)).toBe('UNAUTHENTICATED')
  await run(['revoke', '--user', 'alice', '--before', hourAgo, '--for', '1h'], env)
  const { printed } = await run(['revoke', '--list'], env)
  expect(printed.split('\n')).toHaveLength(1)
  expect(Date.parse(/before ([^,]+),/.exec(printed)?.[1] ?? '')).toBeGreaterThan(
    Date.parse(hourAgo) + 3_000_000,
  )
})

test('ends a stream over HTTP with UNAUTHENTICATED as its last event', async () => {
  await using parley = await startParley()
  const { token } = await issue('alice')
  const response = await fetch(parley.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query: 'subscription { inbox { __typename } }' }),
  })
  await run(['revoke', '--user', 'alice'], { DATABASE_URL: parley.databaseUrl })
  const text = await response.text()
  expect(text).toContain('The token was revoked.')
  expect(text).toContain('"code":"UNAUTHENTICATED"')
})

test('the command warns if no user has the id, such as the one of the API', async () => {
  await using parley = await startParley()
  const env = { DATABASE_URL: parley.databaseUrl }
  expect(await codeOver(parley.url, await issue('alice'))).toBeUndefined()
  const mistaken = await run(['revoke', '--user', 'user_alice'], env)
  expect(mistaken.code).toBe(0)
  expect(mistaken.noticed).toContain('No user with the id user_alice has')
  expect(mistaken.printed).toMatch(/^user user_alice, tokens/)
  expect(await run(['revoke', '--user', 'alice'], env)).toMatchObject({ code: 0, noticed: '' })
})

test('expired revocations leave the table when others are written', async () => {
  await using parley = await startParley()
  const env = { DATABASE_URL: parley.databaseUrl }
  await run(['revoke', '--token', 'old', '--for', '1s'], env)
  const left = async (): Promise<readonly string[]> => {
    await run(['revoke', '--token', 'new'], env)
    const rows = await query<{ id: string }>(parley.databaseUrl, 'SELECT token_id AS id FROM revocations')
    return rows.map(({ id }) => id)
  }
  await expect.poll(left).toEqual(['new'])
  await run(['revoke', '--token', 'old', '--for', '1h'], env)
  expect((await run(['revoke', '--list'], env)).printed).toMatch(/^token old,/)
})

test('the command says if the database has no table for it yet', async () => {
  await using parley = await startParley()
  await query(parley.databaseUrl, 'ALTER TABLE revocations RENAME TO elsewhere')
  const { code, noticed } = await run(['revoke', '--list'], { DATABASE_URL: parley.databaseUrl })
  expect(code).toBe(1)
  expect(noticed).toContain('Run "parley migrate" first')
})
