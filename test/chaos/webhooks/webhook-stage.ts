import { randomUUID } from 'node:crypto'
import { withDatabase } from '../../../src/cli/commands/with-database.ts'
import { createWebhooks } from '../../../src/followers/webhooks/webhooks.ts'
import { until } from '../../harness/fixtures/until.ts'
import { query } from '../../harness/servers/database.ts'
import { runScript, type ScriptProcess } from '../../harness/servers/script-process.ts'

/** A database with chats, workers of webhooks, and a receiver, each in its own process. */
export type Stage = Awaited<ReturnType<typeof startWebhookStage>>

type Received = Readonly<{ chatId: string; seq: number }>

const CREATE = `INSERT INTO chats (id, kind, creator_id, member_count) SELECT id, 'GROUP', 'alice', 1 FROM unnest($1::uuid[]) id`
const APPEND = `
  WITH head AS (UPDATE chats SET head_seq = head_seq + $1 RETURNING id, head_seq)
  INSERT INTO chat_events (chat_id, seq, type, actor_id, at)
  SELECT id, head_seq - $1 + n, 'CHAT_UPDATED', 'alice', now() FROM head, generate_series(1, $1::int) n`

const END_WAITS = `
  WITH ended AS (UPDATE chat_marks SET due_at = now() WHERE due_at > now())
  SELECT count(*)::int AS count FROM chat_marks`
const STATE = `
  SELECT now(), (SELECT json_agg(m) FROM chat_marks m) AS marks, (SELECT json_agg(p) FROM follower_positions p) AS positions,
    (SELECT json_agg(w.failing_since) FROM webhooks w) AS "failingSince"`

/** `urls`: of a database that may fail over. `direct` returns the address of the present primary. */
export async function startWebhookStage(
  urls: string | Readonly<{ forWorkers: string; direct(): string }>,
  chatCount: number,
) {
  const { forWorkers, direct } = typeof urls === 'string' ? { forWorkers: urls, direct: () => urls } : urls
  const resources = new AsyncDisposableStack()
  const receiver = resources.use(runScript('test/chaos/webhooks/verifying-receiver.ts', {}))
  const port = await receiver.lines.next()
  const ids = Array.from({ length: chatCount }, () => randomUUID())
  await query(direct(), CREATE, [ids])
  const chats = ids.map((id) => `chat_${id}`)
  const webhook = await withDatabase(direct(), ({ writer }) =>
    createWebhooks({ writer }).create({
      url: `http://127.0.0.1:${port}`,
      types: ['chat.updated'],
      hasContent: false,
      allowsPrivate: true,
      pendingAfterS: 0,
    }),
  )

  const received = (): readonly Received[] =>
    receiver.lines.all.flatMap((line) => (line.startsWith('{') ? (JSON.parse(line) as Received) : []))

  let head = 0

  const stage = {
    webhookId: webhook.id,
    chats,
    /** Sends a command to the receiver. Resolves when it has an effect. */
    async tell(command: string): Promise<void> {
      receiver.enter(command)
      await receiver.lines.match((line) => line.startsWith('ok'))
    },
    /** Appends events to each chat. */
    async append(count: number): Promise<void> {
      await query(direct(), APPEND, [count])
      head += count
    },
    /** The last event of each chat. */
    head: () => head,
    /** Lets failed attempts be repeated now. Returns how many chats are due. */
    async endWaits(): Promise<number> {
      const [row] = await query<{ count: number }>(direct(), END_WAITS)
      return row?.count ?? 0
    },
    /** Ends the leases of a worker that is dead. */
    endLeases: () => query(direct(), 'UPDATE chat_marks SET leased_until = now() WHERE lease IS NOT NULL'),
    /** Returns what an error tells when a wait gives up. */
    async state(worker?: ScriptProcess): Promise<object> {
      const [database] = await query(direct(), STATE)
      return {
        ...database,
        head,
        received: received().length,
        lastReceived: receiver.lines.all.slice(-3),
        log: worker?.errorLines.all.slice(-5),
      }
    },
    startWorker: (env: Readonly<Record<string, string>> = {}): ScriptProcess =>
      runScript('test/chaos/webhooks/webhook-worker.ts', { ...env, DATABASE_URL: forWorkers }),
    /** Resolves when the receiver has all events of all chats. */
    delivered: (timeoutMs = 60_000) =>
      until(
        async () => {
          await stage.endWaits()
          return received().length - stage.repeats() >= head * chatCount
        },
        timeoutMs,
        () => stage.state(),
      ),
    /** How many events the receiver got more than once. */
    repeats: () => received().length - new Set(received().map(({ chatId, seq }) => `${chatId} ${seq}`)).size,
    /** The seqs of each chat in order of their first arrival. Receivers drop repetitions. */
    firstsOf(): readonly (readonly number[])[] {
      const all = Map.groupBy(received(), ({ chatId }) => chatId)
      return chats.map((chatId) => [...new Set((all.get(chatId) ?? []).map(({ seq }) => seq))])
    },
    received,
    /** The requests that the verifier of the receiver refused. */
    unverified: () => receiver.lines.all.filter((line) => line.startsWith('not verified')),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
  await stage.tell(`secret ${webhook.secrets[0]}`)
  return stage
}
