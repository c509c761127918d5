import { expect, test } from 'vitest'
import { range } from '../harness/fixtures/chat-events.ts'
import { until } from '../harness/fixtures/until.ts'
import { createTestDatabase, query } from '../harness/servers/database.ts'
import { type Stage, startWebhookStage } from './webhooks/webhook-stage.ts'

/** Each round kills a worker once at each point. CHAOS=long runs the full number. */
const ROUNDS = process.env['CHAOS'] === 'long' ? 20 : 1
const CHATS = 3

const STEPS = ['claim', 'read', 'post', 'advance', 'finish', 'postpone']
const POINTS = STEPS.flatMap((step) => [`before ${step}`, `after ${step}`])

/** The events of a turn, in each chat. The first attempt at the last one fails. */
const TURN = 3
/** In a turn, a worker comes to each point once for each chat at least, unless an error of the database intervenes. */
const MAX_TURNS = 10
const TURN_MS = 60_000

test(
  `nothing is missing and each chat is in order after SIGKILL at ${POINTS.length} points, ${ROUNDS} times each`,
  { timeout: 60_000 + ROUNDS * 120_000 },
  async ({ annotate }) => {
    await using database = await createTestDatabase()
    await using stage = await startWebhookStage(database.url, CHATS)
    await stage.tell(`fail ${TURN}`)
    for (const round of range(1, ROUNDS))
      for (const point of POINTS) await kill(stage, point, 1 + (round % CHATS))
    await using _ = stage.startWorker()
    await stage.delivered()
    const kills = ROUNDS * POINTS.length
    await annotate(`${kills} kills, ${CHATS * stage.head()} events, ${stage.repeats()} repeated`)
    expect(stage.firstsOf()).toEqual(stage.chats.map(() => range(1, stage.head())))
    expect(stage.unverified()).toEqual([])
  },
)

test('the check refuses a receiver that misses an event, or gets two in another order', async () => {
  await using database = await createTestDatabase()
  await using stage = await startWebhookStage(database.url, 1)
  await using _ = stage.startWorker()
  await stage.append(3)
  await stage.delivered()
  await query(database.url, 'UPDATE follower_positions SET seq = 5')
  await stage.append(3)
  await until(async () => stage.firstsOf().flat().includes(6))
  expect(stage.firstsOf()).not.toEqual([range(1, 6)])
})

test('the check refuses a worker that never comes to a point', async () => {
  await using database = await createTestDatabase()
  await using stage = await startWebhookStage(database.url, 1)
  await expect(kill(stage, 'before an unknown step', 1)).rejects.toThrow(
    /^The worker passed by. Seen: .*"head":30,"received":30/,
  )
})

/**
 * Runs a worker that kills itself at a point, at its nth call there. It gets new events until it is dead, so it comes
 * to each point again and again. Failed events are due at once.
 */
async function kill(stage: Stage, point: string, call: number): Promise<void> {
  await using worker = stage.startWorker({ KILL_AT: point, KILL_AT_CALL: String(call) })
  const seen = async (): Promise<object> => ({ point, call, ...(await stage.state(worker)) })
  for (let turn = 1; worker.isAlive(); turn += 1) {
    if (turn > MAX_TURNS) throw new Error(`The worker passed by. Seen: ${JSON.stringify(await seen())}`)
    await stage.append(TURN)
    await until(async () => !worker.isAlive() || (await stage.endWaits()) === 0, TURN_MS, seen)
  }
  expect(await worker.ended, JSON.stringify(await seen())).toMatchObject({ signal: 'SIGKILL' })
  await stage.endLeases()
}
