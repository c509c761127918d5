import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { createChatLog } from '../../../src/chats/chat-log.ts'
import { createChatLogStore } from '../../../src/chats/chat-log-store.ts'
import type { ChatEvent } from '../../../src/events/chat-event.ts'
import type { LogFollower, LogGap } from '../../../src/followers/follower.ts'
import { createFollowerStore, type FollowerId } from '../../../src/followers/follower-store.ts'
import { createFollowers, type Followers } from '../../../src/followers/followers.ts'
import { addFollower, removeFollower } from '../../../src/followers/registry-store.ts'
import type { ChatId, Seq } from '../../../src/ids.ts'
import { createDatabase } from '../../../src/store/database.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { until } from '../../harness/fixtures/until.ts'
import { query } from '../../harness/servers/database.ts'

/** The parts of a worker. A sabotage replaces some of them. */
export type Parts = Omit<Parameters<typeof createFollowers>[0], 'logger' | 'followers'> &
  Readonly<{ follower: LogFollower | undefined }>
export type Sabotage = (parts: Parts, stage: Stage) => Parts

type Handle = LogFollower['handle']
type Item = ChatEvent | LogGap

/** A gateway's worker, with what it was given, in order. */
export type Worker = Readonly<{
  handled: readonly Readonly<{ chatId: ChatId; item: Item }>[]
  seqsOf(chatId: ChatId): readonly (Seq | string)[]
  followers: Followers
  /** Sets a follower back in a chat, as a replay does. */
  setBack(followerId: FollowerId, chatId: ChatId, seq: Seq): Promise<boolean>
  /** The process ends here: none of its statements reaches the database any more. */
  die(): void
}>

/** A database with the log of chats, and workers that follow them. */
export type Stage = Awaited<ReturnType<typeof startStage>>

/** Short, so that tests can wait for the claims of a dead worker to end. */
const LEASE_S = 3
const INTERVAL_MS = 50

const APPEND = `
  WITH head AS (UPDATE chats SET head_seq = head_seq + $2 WHERE id = $1 RETURNING head_seq)
  INSERT INTO chat_events (chat_id, seq, type, actor_id, at)
  SELECT $1, head_seq - $2 + n, 'CHAT_UPDATED', 'alice', now() FROM head, generate_series(1, $2::int) n`

export async function startStage(databaseUrl: string, sabotage: Sabotage = (parts) => parts) {
  const logger = pino({ level: 'silent' })
  const database = createDatabase({ writerUrl: databaseUrl, logger, metrics: createMetrics() })
  await database.start()
  const { writer, reader } = database
  const chatLog = createChatLog({ store: createChatLogStore({ reader }), writer })
  const store = createFollowerStore({ writer })
  const workers: Worker[] = []
  const ids: FollowerId[] = []
  const dead = new Set<Worker>()
  const holds: PromiseWithResolvers<void>[] = []

  const stage = {
    databaseUrl,
    /** Adds a follower: all events from now on are due to it. */
    async follow(): Promise<FollowerId> {
      const id = `follower_${randomUUID()}`
      await writer.transaction((tx) => addFollower(tx, id, 'LOGS'))
      ids.push(id)
      return id
    },
    async createChat(): Promise<ChatId> {
      const id = randomUUID() as ChatId
      const chat = `INSERT INTO chats (id, kind, creator_id, member_count) VALUES ($1, 'GROUP', 'alice', 1)`
      await query(databaseUrl, chat, [id])
      return id
    },
    append: (chatId: ChatId, count: number) => query(databaseUrl, APPEND, [chatId, count]),
    appendSql: APPEND,
    /** Deletes the start of a log, as retention does. */
    async trim(chatId: ChatId, untilSeq: Seq): Promise<void> {
      await query(databaseUrl, 'DELETE FROM chat_events WHERE chat_id = $1 AND seq <= $2', [chatId, untilSeq])
      await query(databaseUrl, 'INSERT INTO log_floors VALUES ($1, $2)', [chatId, untilSeq])
    },
    /** Resolves when nothing is due to the follower. */
    idle: (id: FollowerId) =>
      until(async () => {
        const marks = await query(databaseUrl, 'SELECT FROM chat_marks WHERE follower_id = $1', [id])
        return marks.length === 0
      }),
    /** A promise for a handler to wait for. It resolves at the end of the stage at the latest: workers can stop. */
    hold(): PromiseWithResolvers<void> {
      const hold = Promise.withResolvers<void>()
      holds.push(hold)
      return hold
    },
    positions: (id: FollowerId) =>
      query<{ seq: Seq }>(databaseUrl, 'SELECT seq FROM follower_positions WHERE follower_id = $1', [id]),
    /**
     * Starts a worker. `handle` decides about each event; by default it succeeds. `afterRead` is called between reading
     * the log and processing what was read. The worker processes at most `maxConcurrent` chats at once.
     */
    work(
      id: FollowerId | undefined,
      handle: Handle = async () => ({ type: 'done' }),
      {
        afterRead = async () => undefined,
        maxConcurrent = 8,
      }: Readonly<{
        afterRead?: (events: readonly ChatEvent[]) => Promise<void>
        maxConcurrent?: number
      }> = {},
    ): Worker {
      const handled: { chatId: ChatId; item: Item }[] = []
      const follower: LogFollower | undefined =
        id === undefined
          ? undefined
          : {
              id,
              source: 'LOGS',
              maxConcurrent,
              wants: () => true,
              async handle(chat, item, attempts) {
                const result = await handle(chat, item, attempts)
                if (result.type === 'done') handled.push({ chatId: chat.chatId, item })
                return result
              },
            }
      const mortal = mortalStore(store, () => dead.has(worker))
      const settings = { intervalMs: INTERVAL_MS, leaseS: LEASE_S, onStart: async () => undefined }
      const observedLog: Parts['chatLog'] = {
        floor: chatLog.floor,
        async read(...args) {
          const events = await chatLog.read(...args)
          await afterRead(events)
          return events
        },
      }
      const parts = sabotage({ ...settings, store: mortal, chatLog: observedLog, follower }, stage)
      const { follower: used, ...rest } = parts
      const followers = createFollowers({
        ...rest,
        followers: async () => (used === undefined ? [] : [used]),
        logger,
      })
      const worker: Worker = {
        handled,
        followers,
        setBack: (followerId, chatId, seq) => parts.store.setBack({ chatId, followerId }, seq),
        seqsOf: (chatId) => handled.flatMap((one) => (one.chatId === chatId ? nameOf(one.item) : [])),
        die: () => dead.add(worker),
      }
      workers.push(worker)
      followers.start()
      return worker
    },
    async [Symbol.asyncDispose]() {
      for (const hold of holds) hold.resolve()
      const alive = workers.filter((worker) => !dead.has(worker))
      await Promise.all(alive.map(({ followers }) => followers.stop()))
      for (const id of ids) await writer.transaction((tx) => removeFollower(tx, id))
      await database.stop()
    },
  }
  return stage
}

function nameOf(item: Item): Seq | string {
  return item.type === 'gap' ? `gap ${item.afterSeq}–${item.untilSeq}` : item.seq
}

/** The store of a process that may die: from then on, no call reaches the database or returns. */
function mortalStore(store: Parts['store'], isDead: () => boolean): Parts['store'] {
  const never = (): Promise<never> => new Promise(() => undefined)
  return {
    claim: (...args) => (isDead() ? never() : store.claim(...args)),
    advance: (...args) => (isDead() ? never() : store.advance(...args)),
    finish: (...args) => (isDead() ? never() : store.finish(...args)),
    release: (...args) => (isDead() ? never() : store.release(...args)),
    postpone: (...args) => (isDead() ? never() : store.postpone(...args)),
    setBack: store.setBack,
  }
}
