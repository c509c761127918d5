import { expect, test } from 'vitest'
import { range } from '../harness/fixtures/chat-events.ts'
import { until } from '../harness/fixtures/until.ts'
import { createTestDatabase, query } from '../harness/servers/database.ts'
import { type Stage, startWebhookStage } from './webhooks/webhook-stage.ts'

/** Each round kills a worker once. CHAOS=long runs the full number. */
const ROUNDS = process.env['CHAOS'] === 'long' ? 20 : 1
const CHATS = 3
const EVENTS_PER_ROUND = 3

const STEPS = ['claim', 'read', 'post', 'advance', 'finish', 'postpone']
const POINTS = STEPS.flatMap((step) => [`before ${step}`, `after ${step}`])

test(
  `nothing is missing and each chat is in order after SIGKILL at ${POINTS.length} points, ${ROUNDS} times each`,
  { timeout: 60_000 + ROUNDS * 120_000 },
  async () => {
    await using database = await createTestDatabase()
    await using stage = await startWebhookStage(database.url, CHATS)
    // Each round has one failed attempt in each chat, so that postponing is reached.
    await stage.tell(`fail ${EVENTS_PER_ROUND}`)
    for (const round of range(1, ROUNDS)) {
      for (const point of POINTS) {
        await stage.append(EVENTS_PER_ROUND)
        await killed(stage, point, 1 + (round % CHATS))
      }
    }
    const total = ROUNDS * POINTS.length * EVENTS_PER_ROUND
    await using _ = stage.startWorker()
    await stage.delivered(total)
    expect(stage.firstsOf()).toEqual(stage.chats.map(() => range(1, total)))
    expect(stage.unverified()).toEqual([])
  },
)

test('the check refuses a receiver that misses an event, or gets two in another order', async () => {
  await using database = await createTestDatabase()
  await using stage = await startWebhookStage(database.url, 1)
  await using _ = stage.startWorker()
  await stage.append(3)
  await stage.delivered(3)
  await query(database.url, 'UPDATE follower_positions SET seq = 5')
  await stage.append(3)
  await until(async () => stage.firstsOf().flat().includes(6))
  expect(stage.firstsOf()).not.toEqual([range(1, 6)])
})

/** Runs a worker until it kills itself. Failed events are due at once. */
async function killed(stage: Stage, point: string, call: number): Promise<void> {
  await using worker = stage.startWorker({ KILL_AT: point, KILL_AT_CALL: String(call) })
  const ending = setInterval(() => void stage.endWaits(), 200)
  try {
    await worker.ended
  } finally {
    clearInterval(ending)
  }
}
