import { expect } from 'vitest'
import { until } from '../../harness/fixtures/until.ts'
import { range } from '../../harness/fixtures/chat-events.ts'
import { connect, query } from '../../harness/servers/database.ts'
import { type Sabotage, type Stage, startStage } from './follower-stage.ts'

/** A law of followers. Rejects if the followers of the stage break it. */
export type Law = (databaseUrl: string, sabotage?: Sabotage) => Promise<void>

/** An event that is not handled by then is not handled at all, in milliseconds. */
const PATIENCE_MS = 8_000

const WAITING_FOR_LOCK = `
  SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`

/** Wraps a law in a stage, whose followers a sabotage may break. */
function law(check: (stage: Stage) => Promise<void>): Law {
  return async (databaseUrl, sabotage) => {
    await using stage = await startStage(databaseUrl, sabotage)
    await check(stage)
  }
}

export const handlesEachEventAtLeastOnce = law(async (stage) => {
  const [id, chatId] = [await stage.follow(), await stage.createChat()]
  await stage.append(chatId, 3)
  const first = stage.work(id, async (_, item) => {
    if (item.type !== 'gap' && item.seq === 2) first.die()
    return { type: 'done' }
  })
  await until(async () => first.seqsOf(chatId).includes(2) || first.handled.length === 3)
  const second = stage.work(id)
  await stage.idle(id)
  expect(second.seqsOf(chatId)).toEqual([2, 3])
})

export const repeatsNothingThatIsStored = law(async (stage) => {
  const [id, chatId] = [await stage.follow(), await stage.createChat()]
  await stage.append(chatId, 3)
  const first = stage.work(id, async (_, item) => {
    if (item.type !== 'gap' && item.seq === 3) first.die()
    return { type: 'done' }
  })
  await until(async () => first.seqsOf(chatId).includes(3))
  const second = stage.work(id)
  await stage.idle(id)
  expect(second.seqsOf(chatId)).toEqual([3])
})

export const keepsTheOrderOfEachChat = law(async (stage) => {
  const id = await stage.follow()
  const chats = await Promise.all(range(1, 4).map(() => stage.createChat()))
  // Long pages first, then events that arrive while the workers run.
  for (const chatId of chats) await stage.append(chatId, 6)
  const workers = range(1, 2).map(() =>
    stage.work(id, async (_, item, attempts) =>
      item.type !== 'gap' && item.seq % 3 === 0 && attempts < 2
        ? { type: 'retry', afterMs: 0, reason: 'not yet' }
        : { type: 'done' },
    ),
  )
  await Promise.all(range(1, 3).flatMap(() => chats.map((chatId) => stage.append(chatId, 2))))
  await stage.idle(id)
  for (const chatId of chats) {
    const ends = new Set(workers.flatMap((worker) => worker.seqsOf(chatId)))
    expect(ends).toEqual(new Set(range(1, 12)))
    for (const worker of workers) {
      const seqs = worker.seqsOf(chatId) as readonly number[]
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
    }
  }
})

export const triesAFailedEventAgainBeforeLaterOnes = law(async (stage) => {
  const [id, chatId] = [await stage.follow(), await stage.createChat()]
  await stage.append(chatId, 3)
  const attempts: number[] = []
  const worker = stage.work(id, async (_, item, failed) => {
    if (item.type === 'gap' || item.seq !== 2) return { type: 'done' }
    attempts.push(failed)
    return failed < 2 ? { type: 'retry', afterMs: 0, reason: 'not yet' } : { type: 'done' }
  })
  await stage.idle(id)
  expect(worker.seqsOf(chatId)).toEqual([1, 2, 3])
  expect(attempts).toEqual([0, 1, 2])
})

export const holdsBackOneChatOnly = law(async (stage) => {
  const id = await stage.follow()
  const [slow, failing, other] = [
    await stage.createChat(),
    await stage.createChat(),
    await stage.createChat(),
  ]
  const held = stage.hold()
  const worker = stage.work(id, async ({ chatId }) => {
    if (chatId === slow) await held.promise
    return chatId === failing ? { type: 'retry', afterMs: 60_000, reason: 'down' } : { type: 'done' }
  })
  await stage.append(slow, 1)
  await stage.append(failing, 1)
  await until(async () => (await failuresOf(stage, id)) === 1, PATIENCE_MS)
  await stage.append(other, 2)
  await until(async () => worker.seqsOf(other).length === 2, PATIENCE_MS)
})

export const letsNoFollowerWaitForAnother = law(async (stage) => {
  const [slow, other, chatId] = [await stage.follow(), await stage.follow(), await stage.createChat()]
  const [held, started] = [stage.hold(), Promise.withResolvers<void>()]
  stage.work(slow, async () => {
    started.resolve()
    await held.promise
    return { type: 'done' }
  })
  await stage.append(chatId, 1)
  await started.promise
  const worker = stage.work(other)
  await until(async () => worker.seqsOf(chatId).length === 1, PATIENCE_MS)
})

export const ignoresAWorkerThatLostItsClaim = law(async (stage) => {
  const [id, chatId] = [await stage.follow(), await stage.createChat()]
  await stage.append(chatId, 3)
  const [held, started] = [stage.hold(), Promise.withResolvers<void>()]
  async function stall(): Promise<{ type: 'done' }> {
    started.resolve()
    await held.promise
    return { type: 'done' }
  }
  // One chat at a time, so that it does not claim the chat again when its lease has ended.
  const stalled = stage.work(id, stall, { maxConcurrent: 1 })
  await started.promise
  const other = stage.work(id)
  await stage.idle(id)
  expect(other.seqsOf(chatId)).toEqual([1, 2, 3])
  held.resolve()
  await stalled.followers.stop()
  expect(await stage.positions(id)).toEqual([{ seq: 3 }])
})

/** An append takes the chat's mark after the follower has read the end of the log, and commits while it finishes. */
export const losesNoEventThatCommitsDuringTheLastStep = law(async (stage) => {
  const [id, chatId] = [await stage.follow(), await stage.createChat()]
  await using connection = await connect(stage.databaseUrl)
  const { client } = connection
  let committing: Promise<void> | undefined
  async function commitWhileTheFollowerWaits(): Promise<void> {
    await until(async () => (await query(stage.databaseUrl, WAITING_FOR_LOCK)).length > 0)
    await client.query('COMMIT')
  }
  await stage.append(chatId, 1)
  async function appendAtTheEndOfTheLog(events: readonly unknown[]): Promise<void> {
    if (events.length > 0 || committing !== undefined) return
    await client.query('BEGIN')
    await client.query(stage.appendSql, [chatId, 1])
    committing = commitWhileTheFollowerWaits()
  }
  const worker = stage.work(id, undefined, { afterRead: appendAtTheEndOfTheLog })
  await until(async () => committing !== undefined)
  await committing
  await stage.idle(id)
  expect(worker.seqsOf(chatId)).toEqual([1, 2])
})

export const reportsWhatRetentionDeleted = law(async (stage) => {
  const id = await stage.follow()
  const [some, all] = [await stage.createChat(), await stage.createChat()]
  for (const chatId of [some, all]) await stage.append(chatId, 5)
  await stage.trim(some, 3)
  await stage.trim(all, 5)
  const worker = stage.work(id)
  await stage.idle(id)
  expect(worker.seqsOf(some)).toEqual(['gap 0–3', 4, 5])
  expect(worker.seqsOf(all)).toEqual(['gap 0–5'])
})

export const repeatsWhatItIsSetBackTo = law(async (stage) => {
  const [id, chatId] = [await stage.follow(), await stage.createChat()]
  await stage.append(chatId, 4)
  const [held, started] = [stage.hold(), Promise.withResolvers<void>()]
  let isFirst = true
  async function stallOnce(_: unknown, item: { type: string; seq?: number }): Promise<{ type: 'done' }> {
    if (!isFirst || item.seq !== 3) return { type: 'done' }
    isFirst = false
    started.resolve()
    await held.promise
    return { type: 'done' }
  }
  // One chat at a time, so that it does not claim the chat again while the event is in progress.
  const worker = stage.work(id, stallOnce, { maxConcurrent: 1 })
  await started.promise
  expect(await worker.setBack(id, chatId, 0)).toBe(true)
  held.resolve()
  await stage.idle(id)
  expect(worker.seqsOf(chatId)).toEqual([1, 2, 3, 1, 2, 3, 4])
  await worker.setBack(id, chatId, 2)
  await stage.idle(id)
  expect(worker.seqsOf(chatId).slice(7)).toEqual([3, 4])
})

/** In a chat without events, in one that has only a mark, and in one that has only a position. */
export const skipsNothingWhenItIsSetBack = law(async (stage) => {
  const [id, operator] = [await stage.follow(), stage.work(undefined)]
  const [empty, marked, handled] = [
    await stage.createChat(),
    await stage.createChat(),
    await stage.createChat(),
  ]
  await operator.setBack(id, empty, 9)
  await stage.append(marked, 3)
  await operator.setBack(id, marked, 2)
  await stage.append(handled, 2)
  const worker = stage.work(id)
  await stage.idle(id)
  await operator.setBack(id, handled, 9)
  for (const chatId of [empty, handled]) await stage.append(chatId, 2)
  await stage.idle(id)
  expect(worker.seqsOf(empty)).toEqual([1, 2])
  expect(worker.seqsOf(marked)).toEqual([1, 2, 3])
  expect(worker.seqsOf(handled)).toEqual([1, 2, 3, 4])
})

export const costsNothingWithoutFollower = law(async (stage) => {
  const chatId = await stage.createChat()
  const { followers } = stage.work(undefined)
  followers.wake()
  await stage.append(chatId, 3)
  await followers.stop()
  expect(await query(stage.databaseUrl, 'SELECT FROM chat_marks')).toEqual([])
  const enabled = `SELECT tgname FROM pg_trigger WHERE tgname LIKE '%\\_mark' AND tgenabled <> 'D'`
  expect(await query(stage.databaseUrl, enabled)).toEqual([])
})

async function failuresOf({ databaseUrl }: Stage, id: string): Promise<number> {
  const failed = 'SELECT FROM chat_marks WHERE follower_id = $1 AND attempts > 0'
  return (await query(databaseUrl, failed, [id])).length
}
