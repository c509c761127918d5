import { expect, test } from 'vitest'
import { issueToken } from '../../src/auth/issue-token.ts'
import { range } from '../harness/fixtures/chat-events.ts'
import { until } from '../harness/fixtures/until.ts'
import { Person } from '../harness/people/person.ts'
import { register, SET_TARGET, startWebPushOnly } from '../harness/push/push-stage.ts'
import { createTestDatabase, query } from '../harness/servers/database.ts'
import { startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { TEST_SECRET } from '../harness/servers/parley.ts'
import { startRedis } from '../harness/servers/redis.ts'

const ROUNDS = process.env['CHAOS'] === 'long' ? 20 : 3
const ENDS_AFTER = { timeout: 60_000 + ROUNDS * 40_000 }
/** Users who have just read are not active any more, and what waits is due. */
const TIME_PASSES = [
  'UPDATE chat_marks SET due_at = LEAST(due_at, now())',
  `UPDATE messages SET sent_at = sent_at - interval '30 seconds'`,
]
const LEASES = 'SELECT lease FROM chat_marks WHERE lease IS NOT NULL'
const END_LEASES = 'UPDATE chat_marks SET leased_until = NULL WHERE lease = ANY($1)'
const PUSHES =
  'SELECT attempted_seq AS "attemptedSeq", sent_seq AS "sentSeq", is_shown AS "isShown" FROM pushes'

test(
  `a gateway that is killed between a push and its record repeats it at most, ${ROUNDS} times`,
  ENDS_AFTER,
  async () => {
    await using stage = await startStage()
    const { push, alice, bob, chatId } = stage
    for (const _ of range(1, ROUNDS)) {
      let seq = 0
      await stage.killDuring('message', async () => ({ seq } = await alice.send(chatId, 'Hello')))
      await stage.recorded({ sentSeq: seq, isShown: true })
      await stage.killDuring('withdrawal', () => bob.markRead(chatId, seq))
      await stage.recorded({ sentSeq: seq, isShown: false })
    }
    const all = push.web.received.all
    expect(new Set(all.map(({ topic }) => topic)).size).toBe(1)
    const kinds = all.map(({ data }) => data['type'])
    // Each of them arrived, and was repeated once at most.
    for (const type of ['message', 'withdrawal'])
      expect(kinds.filter((kind) => kind === type).length).toBeLessThanOrEqual(2 * ROUNDS)
    expect(kinds.at(-1)).toBe('withdrawal')
    expect(new Set(all.flatMap(({ data }) => data['seq'] ?? [])).size).toBe(ROUNDS)
  },
)

test(
  `a push of a killed gateway is withdrawn if the message is read before the repetition, ${ROUNDS} times`,
  ENDS_AFTER,
  async () => {
    await using stage = await startStage()
    const { push, alice, bob, chatId } = stage
    for (const _ of range(1, ROUNDS)) {
      let seq = 0
      await stage.killDuring('message', async () => ({ seq } = await alice.send(chatId, 'Hello')))
      // The lease of the killed gateway still runs, so nothing is repeated yet.
      await bob.markRead(chatId, seq)
      await stage.recorded({ attemptedSeq: seq, sentSeq: 0, isShown: false })
    }
    const kinds = push.web.received.all.map(({ data }) => data['type'])
    expect(kinds).toEqual(range(1, ROUNDS).flatMap(() => ['message', 'withdrawal']))
  },
)

/** A gateway in its own process, and a device of Bob that is offline and gets pushes. Alice writes to him. */
async function startStage() {
  const resources = new AsyncDisposableStack()
  const push = resources.use(await startWebPushOnly())
  const database = resources.use(await createTestDatabase())
  const redis = resources.use(await startRedis())
  const gateway = resources.use(
    await startGatewayProcess({
      databaseUrl: database.url,
      redisUrl: redis.url,
      env: {
        NODE_EXTRA_CA_CERTS: push.caFile,
        PUSH_VAPID_KEY: push.vapidKey,
        PUSH_VAPID_SUBJECT: 'mailto:ops@chat.example',
        PUSH_ALLOW_PRIVATE: 'on',
      },
    }),
  )
  const person = async (name: string): Promise<Person> => {
    const token = await issueToken(TEST_SECRET, { subject: name })
    const created = resources.use(new Person({ url: gateway.url, token, name }))
    await created.run('{ viewer { id } }')
    return created
  }
  const [alice, bob] = [await person('alice'), await person('bob')]
  const chatId = await alice.startChat(bob)
  await register(bob, 'phone')
  const target = { webPush: push.web.subscribe(push.publicKey) }
  await bob.run(SET_TARGET, { input: { deviceId: 'phone', target } })

  let leasesOfKilled: readonly string[] = []

  async function timePasses(): Promise<void> {
    for (const text of TIME_PASSES) await query(database.url, text)
  }

  return {
    push,
    alice,
    bob,
    chatId,
    /** Resolves when the database has the state. Time passes meanwhile, and the leases of the killed gateway end. */
    recorded: (state: object): Promise<void> =>
      until(async () => {
        await timePasses()
        await query(database.url, END_LEASES, [leasesOfKilled])
        const rows = await query(database.url, PUSHES)
        return (
          rows.length === 1 &&
          Object.entries(state).every(([name, value]) =>
            Object.is((rows[0] as Record<string, unknown>)[name], value),
          )
        )
      }, 30_000),
    /** Kills the gateway when the service has the next push, before it has answered. Its leases still run. */
    async killDuring(type: 'message' | 'withdrawal', cause: () => Promise<unknown>): Promise<void> {
      let isTaken = false
      const ended = Promise.withResolvers<void>()
      push.web.answerWith(async ({ data }) => {
        if (data['type'] === type) {
          isTaken = true
          await ended.promise
        }
        return { status: 201 }
      })
      await cause()
      await until(async () => {
        if (!isTaken) await timePasses()
        return isTaken
      }, 30_000)
      await gateway.kill()
      leasesOfKilled = (await query<{ lease: string }>(database.url, LEASES)).map(({ lease }) => lease)
      push.web.answerWith(() => ({ status: 201 }))
      ended.resolve()
      await gateway.start()
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
