import { expect, test, vi } from 'vitest'
import { fcmError } from '../../harness/push/fcm-server.ts'
import { LOST } from '../../harness/push/answers.ts'
import { refused } from '../../harness/push/apns-server.ts'
import { register, SET_TARGET, startPushStage } from '../../harness/push/push-stage.ts'
import { query } from '../../harness/servers/database.ts'

const TARGETS = 'SELECT device_id FROM push_targets ORDER BY device_id'
const FAILED = `SELECT attempts, last_error AS "lastError", round(extract(epoch FROM retry_at - changed_at)) AS "afterS"
  FROM pushes`

/** For what no item announces. */
const WAIT = { timeout: 10_000 }

test('a target that is gone is removed, and the other devices get the push', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, apns, fcm, parley } = stage
  await stage.phone(bob, 'alive')
  const { endpoint } = await stage.phone(bob, 'gone')
  for (const device of ['iphone', 'mac', 'pixel']) await register(bob, device)
  const setTarget = (deviceId: string, target: object) => bob.run(SET_TARGET, { input: { deviceId, target } })
  await setTarget('iphone', { apns: { token: 'aa'.repeat(32) } })
  await setTarget('mac', { apns: { token: 'bb'.repeat(32) } })
  await setTarget('pixel', { fcm: { token: 'old' } })
  web.answerWith(({ path }) => ({ status: endpoint.endsWith(path) ? 410 : 201 }))
  apns.answerWith(({ token }) =>
    token.startsWith('aa') ? refused(410, 'Unregistered') : refused(400, 'BadDeviceToken'),
  )
  fcm.answerWith(() => fcmError(404, 'UNREGISTERED'))
  await alice.send(chatId, 'Hello')
  await web.received.next()
  await expect.poll(() => query(parley.databaseUrl, TARGETS), WAIT).toEqual([{ device_id: 'alive' }])
  await stage.idle()
  await alice.send(chatId, 'Hello again')
  await web.received.next()
  await stage.idle()
  expect([apns.requestCount(), fcm.requestCount()]).toEqual([2, 1])
})

test('a provider that is down keeps what is due, and does not hold back the others', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, apns, parley } = stage
  await stage.phone(bob, 'browser')
  await register(bob, 'iphone')
  await bob.run(SET_TARGET, {
    input: { deviceId: 'iphone', target: { apns: { token: 'aa'.repeat(32) } } },
  })
  apns.answerWith(() => refused(503, 'ServiceUnavailable'))
  await alice.send(chatId, 'one')
  await web.received.next()
  await vi.waitUntil(() => apns.requestCount() === 1, WAIT)
  const { seq } = await alice.send(chatId, 'two')
  expect((await web.received.next()).data['seq']).toBe(seq)
  const failed = `SELECT last_error AS "lastError" FROM pushes WHERE device_id = 'iphone'`
  await expect
    .poll(() => query(parley.databaseUrl, failed), WAIT)
    .toEqual([{ lastError: '503 ServiceUnavailable' }])
  apns.answerWith(() => ({ status: 200 }))
  await stage.retryNow()
  expect((await apns.received.next()).payload.parley).toMatchObject({ seq, unreadCount: 2 })
  expect(apns.received.all).toHaveLength(1)
})

test('a longer Retry-After is respected', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  web.answerWith(() => ({ status: 429, headers: { 'retry-after': '120' }, body: 'slow down' }))
  await alice.send(chatId, 'Hello')
  await expect
    .poll(() => query(parley.databaseUrl, FAILED), WAIT)
    .toEqual([{ attempts: 1, lastError: '429: slow down', afterS: '120' }])
  // A new message does not shorten the wait of the device.
  await alice.send(chatId, 'Hello?')
  await expect
    .poll(() =>
      query(parley.databaseUrl, `SELECT FROM chat_marks WHERE due_at > now() + interval '1 minute'`),
    )
    .toHaveLength(1)
  expect(web.requestCount()).toBe(1)
})

test('a message that a provider refuses is not repeated, and the next one is sent', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web } = stage
  await stage.phone(bob)
  web.answerWith(() => ({ status: 413 }))
  await alice.send(chatId, 'Hello')
  await vi.waitUntil(() => web.requestCount() === 1, WAIT)
  await stage.idle()
  web.answerWith(() => ({ status: 201 }))
  const { seq } = await alice.send(chatId, 'Hello again')
  expect((await web.received.next()).data['seq']).toBe(seq)
  expect(web.requestCount()).toBe(2)
})

test('a push whose answer is lost may be shown, so reading withdraws it', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  web.answerWith(() => LOST)
  const { seq } = await alice.send(chatId, 'Hello')
  await web.received.next()
  await expect
    .poll(() => query(parley.databaseUrl, FAILED), WAIT)
    .toMatchObject([{ attempts: 1, lastError: 'socket hang up' }])
  web.answerWith(() => ({ status: 201 }))
  await bob.markRead(chatId, seq)
  await stage.retryNow()
  expect((await web.received.next()).data).toMatchObject({ type: 'withdrawal', chatId })
  await stage.idle()
})

test('a push that the provider has not taken is not withdrawn', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  web.answerWith(() => ({ status: 503 }))
  const { seq } = await alice.send(chatId, 'Hello')
  await expect.poll(() => query(parley.databaseUrl, FAILED), WAIT).toMatchObject([{ attempts: 1 }])
  await bob.markRead(chatId, seq)
  await stage.retryNow()
  await stage.idle()
  expect(web.requestCount()).toBe(1)
})

test('an endpoint in a private network is not connected to', async () => {
  await using stage = await startPushStage({}, { allowsPrivate: false })
  const { alice, bob, chatId, web, parley } = stage
  const subscription = await stage.phone(bob, 'by-name')
  for (const [device, host] of [
    ['by-address', '127.0.0.1'],
    ['mapped', '[::ffff:127.0.0.1]'],
    ['metadata', '169.254.169.254'],
  ] as const) {
    await register(bob, device)
    const { port } = new URL(subscription.endpoint)
    const webPush = { ...subscription, endpoint: `https://${host}:${port}/push/${device}` }
    await bob.run(SET_TARGET, { input: { deviceId: device, target: { webPush } } })
  }
  await alice.send(chatId, 'Hello')
  const errors = 'SELECT last_error AS error FROM pushes'
  await expect.poll(() => query(parley.databaseUrl, errors), WAIT).toHaveLength(4)
  for (const { error } of await query<{ error: string }>(parley.databaseUrl, errors))
    expect(error).toMatch(/is not a public address$/)
  await stage.idle()
  expect(web.requestCount()).toBe(0)
})

test('a redirect of a push service is not followed', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web } = stage
  await stage.phone(bob)
  web.answerWith(({ path }) => ({ status: 307, headers: { location: `${path}/elsewhere` } }))
  await alice.send(chatId, 'Hello')
  await vi.waitUntil(() => web.requestCount() === 1, WAIT)
  await stage.idle()
  expect(web.requestCount()).toBe(1)
})
