import { expect, test } from 'vitest'
import { range } from '../harness/fixtures/chat-events.ts'
import { fillChat, leftOfChats, makeDeletedChatsDue } from '../harness/fixtures/deleted-chats.ts'
import { until } from '../harness/fixtures/until.ts'
import { createTestDatabase, query } from '../harness/servers/database.ts'
import { startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { SERVER_API, startParley } from '../harness/servers/parley.ts'
import { startRedis } from '../harness/servers/redis.ts'

const KILLS = 3
const CHATS = 2
const MESSAGES = 3_000

test(`the sweep of deleted chats goes on after SIGKILL, ${KILLS} times`, async () => {
  await using database = await createTestDatabase()
  await using redis = await startRedis()
  await deleteFullChats(database.url)
  await using gateway = await startGatewayProcess({ databaseUrl: database.url, redisUrl: redis.url })
  await makeDeletedChatsDue(database.url)
  for (const kill of range(1, KILLS)) {
    const left = (CHATS * MESSAGES * (KILLS + 1 - kill)) / (KILLS + 1)
    await until(async () => (await countMessages(database.url)) <= left)
    await gateway.kill()
    // It was in the middle.
    expect(await countMessages(database.url)).toBeGreaterThan(0)
    await gateway.start()
  }
  await expect
    .poll(() => leftOfChats(database.url), { timeout: 30_000 })
    .toEqual({ events: CHATS, messages: 0, reactions: 0, files: 0 })
})

async function countMessages(databaseUrl: string): Promise<number> {
  return (
    (await query<{ count: number }>(databaseUrl, 'SELECT count(*)::int AS count FROM messages'))[0]?.count ??
    0
  )
}

/** Leaves chats behind that are deleted, with all of their rows. */
async function deleteFullChats(databaseUrl: string): Promise<void> {
  await using parley = await startParley({ databaseUrl, config: SERVER_API })
  const [backend, alice] = [await parley.backend(), await parley.person('alice')]
  for (const _ of range(1, CHATS)) {
    const chatId = await alice.createGroup([])
    await fillChat(databaseUrl, chatId, MESSAGES + 1)
    await backend.run('mutation ($chatId: ID!) { deleteChat(chatId: $chatId) { chatId } }', { chatId })
  }
}
