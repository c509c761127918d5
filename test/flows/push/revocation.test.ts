import { expect, test } from 'vitest'
import { createTargetStore } from '../../../src/followers/push/target-store.ts'
import type { Statement } from '../../../src/store/sql/statement.ts'
import type { Writer } from '../../../src/store/sql/writer.ts'
import { type Issued, issue } from '../../harness/people/issued-token.ts'
import { Person } from '../../harness/people/person.ts'
import { type PushStage, startPushStage } from '../../harness/push/push-stage.ts'
import { query } from '../../harness/servers/database.ts'
import { parley as run } from '../../unit/cli/terminal.ts'

const TARGETS = 'SELECT device_id FROM push_targets ORDER BY device_id'
const HEARTBEAT = `mutation { heartbeat(input: { userActivity: true }) { __typename } }`

/** Signs Bob in on a device that has notifications, with a token of its own. */
async function signIn(stage: PushStage, deviceId: string, ageS = 60): Promise<Issued> {
  const issued = await issue('bob', { ageS })
  await using bob = new Person({ url: stage.parley.url, token: issued.token, name: 'bob' })
  await stage.phone(bob, deviceId)
  return issued
}

function targets({ parley }: PushStage): Promise<readonly string[]> {
  return query<{ device_id: string }>(parley.databaseUrl, TARGETS).then((rows) =>
    rows.map(({ device_id }) => device_id),
  )
}

function revoke({ parley }: PushStage, ...options: readonly string[]) {
  return run(['revoke', ...options], { DATABASE_URL: parley.databaseUrl })
}

test('revoking a token removes the targets that were set with it, and what is planned is not sent', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web } = stage
  const lost = await signIn(stage, 'lost')
  await signIn(stage, 'kept')
  await bob.run(HEARTBEAT)
  const { seq } = await alice.send(chatId, 'Are you there?')
  await revoke(stage, '--token', lost.jti)
  expect(await targets(stage)).toEqual(['kept'])
  await stage.tenSecondsPass()
  expect((await web.received.next()).data['seq']).toBe(seq)
  await stage.idle()
  expect(web.requestCount()).toBe(1)
})

test('revoking the tokens of a user from before a moment asks when the token was issued, not when it was used', async () => {
  await using stage = await startPushStage()
  await signIn(stage, 'old token', 7_000)
  await signIn(stage, 'new token', 60)
  await revoke(stage, '--user', 'bob', '--before', new Date(Date.now() - 3_600_000).toISOString())
  expect(await targets(stage)).toEqual(['new token'])
  await revoke(stage, '--user', 'bob')
  expect(await targets(stage)).toEqual([])
})

test('a renewed session hands its target on to the new token', async () => {
  await using stage = await startPushStage()
  const { jti: oldId, token } = await signIn(stage, 'phone')
  const other = await signIn(stage, 'tablet')
  const next = await issue('bob')
  await using bob = new Person({ url: stage.parley.url, token, name: 'bob' })
  const renewal = `mutation { renewSession(input: { token: "${next.token}" }) { viewer { id } } }`
  expect((await bob.requestOverSocket(renewal)).errors).toBeUndefined()
  await revoke(stage, '--token', oldId)
  expect(await targets(stage)).toEqual(['phone', 'tablet'])
  await revoke(stage, '--token', next.jti)
  expect(await targets(stage)).toEqual(['tablet'])
  await revoke(stage, '--token', other.jti)
  expect(await targets(stage)).toEqual([])
})

test('a target that is set with a token again goes with that one', async () => {
  await using stage = await startPushStage()
  const { jti } = await signIn(stage, 'phone')
  const next = await signIn(stage, 'phone')
  await revoke(stage, '--token', jti)
  expect(await targets(stage)).toEqual(['phone'])
  await revoke(stage, '--token', next.jti)
  expect(await targets(stage)).toEqual([])
})

/** As if a gateway that had not heard of it yet had taken the token. */
const REVOKED_ELSEWHERE = {
  'its token': (jti: string) => `INSERT INTO revocations (change, token_id, expires_at)
    VALUES (1, '${jti}', now() + interval '1 hour')`,
  'its user': () => `INSERT INTO revocations (change, user_id, issued_before, expires_at)
    VALUES (1, 'bob', now(), now() + interval '1 hour')`,
}

test.each(['its token', 'its user'] as const)(
  'a target that is set while %s is being revoked gets nothing, and is removed',
  async (what) => {
    await using stage = await startPushStage()
    const { alice, chatId, web, parley } = stage
    const { jti } = await signIn(stage, 'phone')
    await query(parley.databaseUrl, REVOKED_ELSEWHERE[what](jti))
    await signIn(stage, 'later', -60)
    const { seq } = await alice.send(chatId, 'Hello')
    expect((await web.received.next()).data['seq']).toBe(seq)
    await stage.idle()
    expect(web.requestCount()).toBe(1)
    const writer: Pick<Writer, 'query'> = {
      query: async <Row>({ text }: Statement) => (await query(parley.databaseUrl, text)) as Row[],
    }
    await createTargetStore({ writer }).removeRevoked()
    expect(await targets(stage)).toEqual(['later'])
  },
)
