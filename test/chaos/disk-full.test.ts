import { randomUUID } from 'node:crypto'
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
 * The database has no room any more. Where it lacks it for tables, a write fails, and the server goes on; where it lacks
 * it for its own log, the server panics, and comes back or not. Neither may lose what was acknowledged, or end a gateway.
 */

/** Room for an empty database and its log, and for some minutes of talk. */
const DISK_MIB = 160
const SETTINGS = { min_wal_size: '32MB', max_wal_size: '48MB', wal_keep_size: '0' }

/** A send that has no answer but "try again" yet. */
type Owed = Readonly<{ input: object; finish(outcome: Outcome): void }>

/** Alice, who writes what is large: each message needs room. */
async function writer({ load, gateways }: Scene) {
  const url = gateways[0]?.url ?? ''
  const alice = new Person({ url, token: await issueToken(TEST_SECRET, { subject: 'alice' }), name: 'alice' })
  const [chatId = ''] = load.chats
  const post = ({ input }: Owed): Promise<ApiResponse<SendMessageData>> => alice.post(SEND_MESSAGE, { input })

  function begin(): Owed {
    const [key, body] = [randomUUID(), 'x'.repeat(8_000)]
    const finish = load.recorder.startSend({ chatId, sender: alice.id, key, body })
    return { input: { chatId, body, clientMessageId: key }, finish }
  }

  function settle({ finish }: Owed, { data }: ApiResponse<SendMessageData>): boolean {
    const message = data?.sendMessage.message
    if (message !== undefined) finish({ type: 'ok', seq: message.seq, id: message.id })
    return message !== undefined
  }

  return {
    look: () => alice.fetchChat(chatId),
    /** Sends until something is not taken, and answers with that and with what was said of it. */
    async untilRefused(): Promise<Readonly<{ owed: Owed; answer: ApiResponse<SendMessageData> }>> {
      for (;;) {
        const owed = begin()
        const answer = await post(owed)
        if (!settle(owed, answer)) return { owed, answer }
      }
    },
    /** The same key again. */
    again: async (owed: Owed) => settle(owed, await post(owed)),
    [Symbol.asyncDispose]: () => alice[Symbol.asyncDispose](),
  }
}

/** Why devices lost their streams, where they did. That receipts are refused is no reason. */
function lostStreams({ load }: Scene): string[] {
  const all = load.devices.flatMap((device) => device.interruptions)
  return all.filter((reason) => !reason.startsWith('acknowledging'))
}

const UNAVAILABLE = [{ extensions: { code: 'UNAVAILABLE', retryable: true } }]

test('while there is no room for tables, sends are refused, reads go on, and the same keys succeed afterwards', async () => {
  await using disk = await createSmallDisk(DISK_MIB)
  await using server = await startPrimary(SETTINGS, disk)
  await migrate({ url: server.url })
  await using scene = await startScene(2, { severalHosts: server.url })
  await using alice = await writer(scene)
  await disk.fill()
  const { owed, answer } = await alice.untilRefused()
  expect(answer.errors).toMatchObject(UNAVAILABLE)
  const { headSeq } = await alice.look()
  expect(headSeq).toBeGreaterThan(0)
  await disk.free()
  expect(await alice.again(owed)).toBe(true)
  await scene.healed(10_000)
  expect(lostStreams(scene)).toEqual([])
  await scene.verify('no room for tables')
}, 60_000)

/** Puts the log of a server onto a disk of its own. */
async function moveLog(server: PostgresServer, disk: SmallDisk): Promise<void> {
  await server.kill()
  const [from, to] = [path.join(server.folder, 'postgres', 'pg_wal'), path.join(disk.path, 'pg_wal')]
  await promisify(execFile)('sh', ['-c', 'cp -a "$1" "$2" && rm -r "$1" && ln -s "$2" "$1"', 'sh', from, to])
  await server.start()
}

/** Makes the server need the next segment of its log, until it has none: then it panics. */
async function untilPanic(server: PostgresServer): Promise<void> {
  const use = `SELECT pg_logical_emit_message(false, 'disk-full', repeat('x', 1000000)), pg_switch_wal()`
  for (let segment = 0; segment < 20; segment += 1) {
    try {
      await server.sql(use)
    } catch {
      return
    }
  }
  throw new Error('The server found room for its log although the disk is full')
}

test('where there is no room for its log, the server panics: what was acknowledged is there when it is back', async () => {
  await using disk = await createSmallDisk(DISK_MIB)
  await using server = await startPrimary(SETTINGS)
  await migrate({ url: server.url })
  await moveLog(server, disk)
  await using scene = await startScene(2, { severalHosts: server.url })
  await using alice = await writer(scene)
  await disk.fill()
  await untilPanic(server)
  const { owed, answer } = await alice.untilRefused()
  expect(answer.errors).toMatchObject(UNAVAILABLE)
  await disk.free()
  await server.start()
  await expect.poll(() => alice.again(owed), { timeout: 10_000 }).toBe(true)
  await scene.healed(10_000)
  expect(lostStreams(scene)).toEqual([])
  await scene.verify('no room for the log')
}, 60_000)
