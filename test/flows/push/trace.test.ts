import { expect, test, vi } from 'vitest'
import type { TracedDecision } from '../../../src/followers/push/push-trace.ts'
import type { Answer } from '../../harness/push/answers.ts'
import { refused } from '../../harness/push/apns-server.ts'
import { register, SET_TARGET, startPushStage } from '../../harness/push/push-stage.ts'
import { query } from '../../harness/servers/database.ts'
import { startParley } from '../../harness/servers/parley.ts'
import { parley as run } from '../../unit/cli/terminal.ts'

const FAILED = 'SELECT FROM pushes WHERE attempts = 1'

test('parley trace explains for each device why it got a push, or none', async () => {
  await using stage = await startPushStage()
  const { alice, bob, web, apns, parley } = stage
  const env = { DATABASE_URL: parley.databaseUrl }
  const [carol, dave, erin] = [
    await parley.person('carol'),
    await parley.person('dave'),
    await parley.person('erin'),
  ]
  await parley.person('frank')
  const chatId = await alice.createGroup([bob, carol, dave, erin, await parley.person('frank')])
  await stage.phone(bob)
  await register(bob, 'tablet')
  await bob.run(SET_TARGET, { input: { deviceId: 'tablet', target: { apns: { token: 'ab'.repeat(32) } } } })
  await register(carol, 'phone')
  await stage.phone(dave)
  await dave.run(
    `mutation { setChatNotifications(input: { chatId: "${chatId}", level: NONE }) { chat { id } } }`,
  )
  await stage.phone(erin)
  apns.answerWith(() => refused(503, 'Shutdown'))
  const { id, seq } = await alice.send(chatId, 'Hello')
  await web.received.until((all) => all.length === 2)
  await expect.poll(() => query(parley.databaseUrl, FAILED), { timeout: 10_000 }).toHaveLength(1)
  await erin.markRead(chatId, seq)
  await web.received.until((all) => all.length === 3)
  await expect
    .poll(() => query(parley.databaseUrl, 'SELECT FROM pushes WHERE withdrawn_at IS NOT NULL'))
    .toHaveLength(1)

  const { code, printed } = await run(['trace', id, '--json'], env)
  expect(code).toBe(0)
  const { decisions } = JSON.parse(printed) as { decisions: TracedDecision[] }
  const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`
  const expected = [
    ['alice', null, 'SENDER', 'no device'],
    ['bob', 'phone', 'DUE', `sent at ${time}`],
    ['bob', 'tablet', 'DUE', `failed 1 times, again at ${time}: 503 Shutdown`],
    ['carol', 'phone', 'DUE', 'no target'],
    ['dave', 'phone', 'MUTED', 'not sent'],
    ['erin', 'phone', 'READ', `sent at ${time}, withdrawn at ${time}`],
    ['frank', null, 'DUE', 'no device'],
  ] as const
  expect(decisions.map(({ userId, deviceId, reason }) => [userId, deviceId, reason])).toEqual(
    expected.map(([userId, deviceId, reason]) => [userId, deviceId, reason]),
  )
  for (const [index, [, , , push]] of expected.entries())
    expect(decisions[index]?.push).toMatch(new RegExp(`^${push}$`))
  const table = (await run(['trace', id], env)).printed
  expect(table).toMatch(/^USER +DEVICE +PROVIDER +STATE +PUSH$/m)
  expect(table).toMatch(/^bob +phone +WEB_PUSH +due +sent at /m)
})

test('parley trace tells an attempt without an answer from a push', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  const answered = Promise.withResolvers<Answer>()
  web.answerWith(() => answered.promise)
  const { id } = await alice.send(chatId, 'Hello')
  await vi.waitUntil(() => web.requestCount() === 1, { timeout: 10_000 })
  const trace = async () => (await run(['trace', id], { DATABASE_URL: parley.databaseUrl })).printed
  expect(await trace()).toMatch(/^bob +phone +WEB_PUSH +due +perhaps sent: no answer is recorded$/m)
  answered.resolve({ status: 201 })
  await stage.idle()
  expect(await trace()).toMatch(/^bob +phone +WEB_PUSH +due +sent at /m)
})

test('parley trace says why a message is pushed to no device', async () => {
  await using stage = await startPushStage()
  const { alice, chatId, parley } = stage
  const env = { DATABASE_URL: parley.databaseUrl }
  const { id } = await alice.send(chatId, 'Hello')
  await alice.run(`mutation { deleteMessage(input: { messageId: "${id}" }) { message { id } } }`)
  expect((await run(['trace', id], env)).printed).toContain(
    'It is pushed to no device: the message was deleted at',
  )
  const missing = await run(['trace', id.replace(/_\d+$/, '_99')], env)
  expect(missing).toMatchObject({
    code: 1,
    noticed: expect.stringContaining('There is no message message_') as string,
  })
  expect(await run(['trace', 'nonsense'], env)).toMatchObject({
    code: 2,
    noticed: expect.stringContaining('begins with message_') as string,
  })
})

test('a gateway without a provider ends push, and its changes leave no marks', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, parley, web } = stage
  await stage.phone(bob)
  await parley.stop()
  await using later = await startParley({ databaseUrl: parley.databaseUrl })
  const id = `SELECT FROM followers WHERE id LIKE 'push/%'`
  await expect.poll(() => query(parley.databaseUrl, id), { timeout: 10_000 }).toEqual([])
  const [ann, ben] = [await later.person(alice.name), await later.person(bob.name)]
  const { seq, id: messageId } = await ann.send(chatId, 'Hello')
  await ben.markRead(chatId, seq)
  expect(await query(parley.databaseUrl, 'SELECT FROM chat_marks')).toEqual([])
  expect(web.requestCount()).toBe(0)
  const { printed } = await run(['trace', messageId], { DATABASE_URL: parley.databaseUrl })
  expect(printed).toContain('It is pushed to no device: push is off')
})
