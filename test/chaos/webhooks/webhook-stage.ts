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

  const stage = {
    webhookId: webhook.id,
    chats,
    /** Sends a command to the receiver. Resolves when it has an effect. */
    async tell(command: string): Promise<void> {
      receiver.enter(command)
      await receiver.lines.match((line) => line.startsWith('ok'))
    },
    /** Appends events to each chat. */
    append: (count: number) => query(direct(), APPEND, [count]),
    /** Lets failed attempts be repeated now. */
    endWaits: () => query(direct(), 'UPDATE chat_marks SET due_at = now() WHERE due_at > now()'),
    startWorker: (env: Readonly<Record<string, string>> = {}): ScriptProcess =>
      runScript('test/chaos/webhooks/webhook-worker.ts', { ...env, DATABASE_URL: forWorkers }),
    /** Resolves when the receiver has all events of all chats. */
    delivered: (total: number, timeoutMs = 60_000) =>
      until(async () => {
        await stage.endWaits()
        const keys = new Set(received().map(({ chatId, seq }) => `${chatId} ${seq}`))
        return keys.size >= total * chatCount
      }, timeoutMs),
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
