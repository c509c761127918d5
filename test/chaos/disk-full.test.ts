import { randomBytes, randomUUID } from 'node:crypto'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { issueToken } from '../../src/auth/issue-token.ts'
import { migrate } from '../../src/store/migrations/migrate.ts'
import { SEND_MESSAGE, type SendMessageData } from '../harness/people/documents.ts'
import type { Outcome } from '../harness/checkers/history.ts'
import { TEST_SECRET } from '../harness/servers/parley.ts'
import { type ApiResponse, Person } from '../harness/people/person.ts'
import { type PostgresServer, startPrimary } from '../harness/servers/postgres-server.ts'
import { createSmallDisk, type SmallDisk } from '../harness/servers/small-disk.ts'
import { type Scene, startScene } from './scene.ts'

/*
 * The disk of the database is full. Without room for tables, a write fails and the server continues. Without room for
 * its own log, the server panics. Neither may lose an acknowledged message or end a gateway.
 *
 * The server does not restart by itself after the panic. Otherwise its recovery can free segments of its log, and it
 * accepts thousands of sends before it panics again.
 */

/** Room for an empty database with its log, and for messages of some minutes. */
const DISK_MIB = 160
const SETTINGS = {
  min_wal_size: '32MB',
  max_wal_size: '48MB',
  wal_keep_size: '0',
  restart_after_crash: 'off',
}

/** A send that is not acknowledged yet. */
type PendingSend = Readonly<{ input: object; finish(outcome: Outcome): void }>

/** Alice, who sends large messages that cannot be compressed: each needs room on the disk. */
async function writer({ load, gateways }: Scene) {
  const url = gateways[0]?.url ?? ''
  const alice = new Person({ url, token: await issueToken(TEST_SECRET, { subject: 'alice' }), name: 'alice' })
  const [chatId = ''] = load.chats
  const post = ({ input }: PendingSend): Promise<ApiResponse<SendMessageData>> =>
    alice.post(SEND_MESSAGE, { input })

  function begin(): PendingSend {
    const [key, body] = [randomUUID(), randomBytes(6_000).toString('base64')]
    const finish = load.recorder.startSend({ chatId, sender: alice.id, key, body })
    return { input: { chatId, body, clientMessageId: key }, finish }
  }

  function record({ finish }: PendingSend, { data }: ApiResponse<SendMessageData>): boolean {
    const message = data?.sendMessage.message
    if (message !== undefined) finish({ type: 'ok', seq: message.seq, id: message.id })
    return message !== undefined
  }

  return {
    read: () => alice.fetchChat(chatId),
    /** Sends until a send fails. Returns that send and its answer. */
    async sendUntilRejected(): Promise<
      Readonly<{ pending: PendingSend; answer: ApiResponse<SendMessageData> }>
    > {
      for (;;) {
        const pending = begin()
        const answer = await post(pending)
        if (!record(pending, answer)) return { pending, answer }
      }
    },
    /** Sends with the same key again. */
    retry: async (pending: PendingSend) => record(pending, await post(pending)),
    [Symbol.asyncDispose]: () => alice[Symbol.asyncDispose](),
  }
}

/** Why devices lost their streams. A rejected receipt does not count. */
function lostStreams({ load }: Scene): string[] {
  const all = load.devices.flatMap((device) => device.interruptions)
  return all.filter((reason) => !reason.startsWith('acknowledging'))
}

const UNAVAILABLE = [{ extensions: { code: 'UNAVAILABLE', retryable: true } }]

test('without room for tables, rejects sends, serves reads, and accepts the same keys afterwards', async () => {
  await using disk = await createSmallDisk(DISK_MIB)
  await using server = await startPrimary(SETTINGS, disk)
  await migrate({ url: server.url })
  await using scene = await startScene(2, { severalHosts: server.url })
  await using alice = await writer(scene)
  await disk.fill()
  const { pending, answer } = await alice.sendUntilRejected()
  expect(answer.errors).toMatchObject(UNAVAILABLE)
  const { headSeq } = await alice.read()
  expect(headSeq).toBeGreaterThan(0)
  await disk.free()
  expect(await alice.retry(pending)).toBe(true)
  await scene.healed(10_000)
  expect(lostStreams(scene)).toEqual([])
  await scene.verify('no room for tables')
}, 60_000)

/** Moves the log of a server to its own disk. */
async function moveLog(server: PostgresServer, disk: SmallDisk): Promise<void> {
  await server.kill()
  const [from, to] = [path.join(server.folder, 'postgres', 'pg_wal'), path.join(disk.path, 'pg_wal')]
  await promisify(execFile)('sh', ['-c', 'cp -a "$1" "$2" && rm -r "$1" && ln -s "$2" "$1"', 'sh', from, to])
  await server.start()
}

/** Makes the server use segment after segment of its log until it panics, without room for the next. */
async function untilPanic(server: PostgresServer): Promise<void> {
  const use = `SELECT pg_logical_emit_message(false, 'disk-full', repeat('x', 1000000)), pg_switch_wal()`
  for (let segment = 0; segment < 20; segment += 1) {
    try {
      await server.sql(use)
    } catch {
      return
    }
  }
  throw new Error('the server found room for its log on a full disk')
}

test('without room for its log the server panics, and has every acknowledged message after its restart', async () => {
  await using disk = await createSmallDisk(DISK_MIB)
  await using server = await startPrimary(SETTINGS)
  await migrate({ url: server.url })
  await moveLog(server, disk)
  await using scene = await startScene(2, { severalHosts: server.url })
  await using alice = await writer(scene)
  await disk.fill()
  await untilPanic(server)
  const { pending, answer } = await alice.sendUntilRejected()
  expect(answer.errors).toMatchObject(UNAVAILABLE)
  await disk.free()
  await server.start()
  await expect.poll(() => alice.retry(pending), { timeout: 10_000 }).toBe(true)
  await scene.healed(10_000)
  expect(lostStreams(scene)).toEqual([])
  await scene.verify('no room for the log')
}, 60_000)
