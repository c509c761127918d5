import { expect, test } from 'vitest'
import { withDatabase } from '../../src/cli/commands/with-database.ts'
import { createWebhooks } from '../../src/followers/webhooks/webhooks.ts'
import type { ChatId } from '../../src/ids.ts'
import { range } from '../harness/fixtures/chat-events.ts'
import { until } from '../harness/fixtures/until.ts'
import { createTestDatabase, query } from '../harness/servers/database.ts'
import { startPair } from './postgres-pair.ts'
import { type Stage, startWebhookStage } from './webhooks/webhook-stage.ts'

const CHATS = 100
const EVENTS_PER_CHAT = 100
const TWO_HOURS_S = 2 * 3_600

test(
  'a failover with 10,000 events due loses none and keeps the order of each chat',
  { timeout: 300_000 },
  async () => {
    await using pair = await startPair({ isSynchronous: true })
    let present = pair.primary
    const urls = { forWorkers: pair.url, direct: () => present.url }
    await using stage = await startWebhookStage(urls, CHATS)
    await stage.append(EVENTS_PER_CHAT)
    await using _ = stage.startWorker()
    await until(async () => stage.received().length > 1_000, 60_000)
    await pair.failOver()
    present = pair.standby
    await stage.delivered(200_000)
    expect(stage.firstsOf()).toEqual(stage.chats.map(() => range(1, EVENTS_PER_CHAT)))
    expect(stage.unverified()).toEqual([])
  },
)

test(
  'a receiver that was away for two hours gets everything in order, and again by a replay',
  { timeout: 120_000 },
  async () => {
    await using database = await createTestDatabase()
    await using stage = await startWebhookStage(database.url, 3)
    await stage.tell('down')
    await stage.append(5)
    await using _ = stage.startWorker()
    for (let passedS = 0; passedS < TWO_HOURS_S;) passedS += await passUntilNextAttempt(database.url)
    // 5 s, 30 s, 2 min, 10 min, 30 min and 1 h, each a fifth more or less.
    const attempts = await query<{ attempts: number }>(database.url, 'SELECT attempts FROM chat_marks')
    expect(attempts).toHaveLength(3)
    for (const mark of attempts) expect(mark.attempts).toBeOneOf([6, 7, 8])
    expect(stage.received()).toEqual([])
    await stage.tell('up')
    await stage.delivered()
    expect(stage.firstsOf()).toEqual(stage.chats.map(() => range(1, 5)))
    await replayAll(database.url, stage)
    const again = (chatId: string) => stage.received().filter((one) => one.chatId === chatId)
    await until(async () => stage.chats.every((chatId) => again(chatId).length === 10))
    for (const chatId of stage.chats)
      expect(again(chatId).map(({ seq }) => seq)).toEqual([...range(1, 5), ...range(1, 5)])
    expect(stage.unverified()).toEqual([])
  },
)

/**
 * A clock that jumps: waits until each chat has failed and waits for its next attempt. Then it moves all stored moments
 * back by the shortest wait. Returns how many seconds have passed that way.
 */
async function passUntilNextAttempt(databaseUrl: string): Promise<number> {
  const waiting = `SELECT count(*)::int AS count FROM chat_marks WHERE lease IS NULL AND due_at > now()`
  await until(async () => (await query<{ count: number }>(databaseUrl, waiting))[0]?.count === 3)
  const [passed] = await query<{ seconds: number }>(databaseUrl, PASS)
  return passed?.seconds ?? 0
}

const PASS = `
  WITH wait AS (SELECT min(due_at) - now() AS length FROM chat_marks), marks AS (
    UPDATE chat_marks SET due_at = due_at - length, failing_since = failing_since - length FROM wait
  ), hooks AS (UPDATE webhooks SET failing_since = failing_since - length FROM wait)
  SELECT extract(epoch FROM length)::float8 AS seconds FROM wait`

async function replayAll(databaseUrl: string, { webhookId, chats }: Stage): Promise<void> {
  await withDatabase(databaseUrl, async ({ writer }) => {
    for (const chat of chats)
      await createWebhooks({ writer }).replay(webhookId, chat.replace('chat_', '') as ChatId, 0)
  })
}
