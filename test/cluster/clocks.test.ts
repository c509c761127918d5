import { expect, test } from 'vitest'
import { issueToken } from '../../src/auth/issue-token.ts'
import { pause } from '../../src/lib/async.ts'
import { Person } from '../harness/people/person.ts'
import { createTestDatabase, query } from '../harness/servers/database.ts'
import { startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { TEST_SECRET } from '../harness/servers/parley.ts'
import { startRedis } from '../harness/servers/redis.ts'

const LIFETIME_S = 8
/** Between a question to the database and one to a gateway. */
const TOLERANCE_MS = 500
const MESSAGES = `query ($id: ID!) { chat(id: $id) { messages(last: 1) { edges { node { body expiresAt } } } } }`

type Newest = { chat: { messages: { edges: { node: { body: string | null; expiresAt: string } }[] } } }

test('gateways whose clocks are 30 s ahead or behind hide a temporary message at its moment', async () => {
  await using database = await createTestDatabase()
  await using redis = await startRedis()
  const at = { databaseUrl: database.url, redisUrl: redis.url }
  await using right = await startGatewayProcess(at)
  await using ahead = await startGatewayProcess({ ...at, clockAheadMs: 30_000 })
  await using behind = await startGatewayProcess({ ...at, clockAheadMs: -30_000 })
  const token = await issueToken(TEST_SECRET, { subject: 'alice', name: 'Alice' })
  const aliceAt = ({ url }: { url: string }): Person => new Person({ url, name: 'alice', token })
  const chatId = await aliceAt(right).createGroup([], { messageTtlSeconds: LIFETIME_S })
  await aliceAt(ahead).send(chatId, 'soon gone')

  const databaseMs = async (): Promise<number> => {
    const sql = 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms'
    return (await query<{ ms: number }>(database.url, sql, []))[0]?.ms ?? NaN
  }
  const newest = async (gateway: { url: string }) => {
    const { chat } = await aliceAt(gateway).run<Newest>(MESSAGES, { id: chatId })
    const [message] = chat.messages.edges
    if (message === undefined) return { isVisible: false, expiresMs: -Infinity }
    return { isVisible: message.node.body !== null, expiresMs: Date.parse(message.node.expiresAt) }
  }

  const { expiresMs } = await newest(right)
  const seen = new Set<string>()
  for (let isOver = false; !isOver; await pause(100)) {
    isOver = (await databaseMs()) > expiresMs + TOLERANCE_MS
    for (const [name, gateway] of [
      ['right', right],
      ['ahead', ahead],
      ['behind', behind],
    ] as const) {
      const { isVisible } = await newest(gateway)
      const mustBeVisible = (await databaseMs()) < expiresMs - TOLERANCE_MS
      if (mustBeVisible) expect([name, isVisible]).toEqual([name, true])
      if (isOver) expect([name, isVisible]).toEqual([name, false])
      if (isVisible) seen.add(name)
    }
  }
  expect(seen).toEqual(new Set(['right', 'ahead', 'behind']))
})
