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
/** Another gateway would wait for the end of the lease. Users who have just read are not active any more. */
const THIRTY_SECONDS_PASS = [
  'UPDATE chat_marks SET leased_until = NULL, due_at = LEAST(due_at, now())',
  `UPDATE messages SET sent_at = sent_at - interval '30 seconds'`,
]
const PUSHES = 'SELECT sent_seq AS "sentSeq", is_shown AS "isShown" FROM pushes'

test(
  `a gateway that is killed between a push and its record repeats it at most, ${ROUNDS} times`,
  { timeout: 60_000 + ROUNDS * 40_000 },
  async () => {
    await using push = await startWebPushOnly()
    await using database = await createTestDatabase()
    await using redis = await startRedis()
    await using gateway = await startGatewayProcess({
      databaseUrl: database.url,
      redisUrl: redis.url,
      env: {
        NODE_EXTRA_CA_CERTS: push.caFile,
        PUSH_VAPID_KEY: push.vapidKey,
        PUSH_VAPID_SUBJECT: 'mailto:ops@chat.example',
        PUSH_ALLOW_PRIVATE: 'on',
      },
    })
    const person = async (name: string): Promise<Person> => {
      const token = await issueToken(TEST_SECRET, { subject: name })
      const created = new Person({ url: gateway.url, token, name })
      await created.run('{ viewer { id } }')
      return created
    }
    await using alice = await person('alice')
    await using bob = await person('bob')
    const chatId = await alice.startChat(bob)
    await register(bob, 'phone')
    const target = { webPush: push.web.subscribe(push.publicKey) }
    await bob.run(SET_TARGET, { input: { deviceId: 'phone', target } })

    /** Resolves when the database has the state. Time passes meanwhile. */
    const recorded = (state: object): Promise<void> =>
      until(async () => {
        for (const text of THIRTY_SECONDS_PASS) await query(database.url, text)
        const rows = await query(database.url, PUSHES)
        return (
          rows.length === 1 &&
          Object.entries(state).every(([name, value]) =>
            Object.is((rows[0] as Record<string, unknown>)[name], value),
          )
        )
      }, 30_000)

    /** Kills the gateway when the service has the next push, before it has answered. */
    const killDuring = async (
      type: 'message' | 'withdrawal',
      cause: () => Promise<unknown>,
    ): Promise<void> => {
      const taken = Promise.withResolvers<void>()
      const ended = Promise.withResolvers<void>()
      push.web.answerWith(async ({ data }) => {
        if (data['type'] === type) {
          taken.resolve()
          await ended.promise
        }
        return { status: 201 }
      })
      await cause()
      const passing = setInterval(() => {
        for (const text of THIRTY_SECONDS_PASS) void query(database.url, text)
      }, 500)
      await taken.promise
      clearInterval(passing)
      await gateway.kill()
      push.web.answerWith(() => ({ status: 201 }))
      ended.resolve()
      await gateway.start()
    }

    for (const _ of range(1, ROUNDS)) {
      let seq = 0
      await killDuring('message', async () => ({ seq } = await alice.send(chatId, 'Hello')))
      await recorded({ sentSeq: seq, isShown: true })
      await killDuring('withdrawal', () => bob.markRead(chatId, seq))
      await recorded({ sentSeq: seq, isShown: false })
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
