import { expect, test } from 'vitest'
import { register, SET_TARGET, startPushStage, startWebPushOnly } from '../../harness/push/push-stage.ts'
import { resetDevices } from '../../../src/backup/reset-devices.ts'
import { query } from '../../harness/servers/database.ts'
import { startParley } from '../../harness/servers/parley.ts'

const TARGETS = 'SELECT user_id, device_id FROM push_targets ORDER BY user_id, device_id'

test('a target belongs to the device that named it last', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  const webPush = await stage.phone(bob)
  await register(alice, 'same-phone')
  await alice.run(SET_TARGET, { input: { deviceId: 'same-phone', target: { webPush } } })
  expect(await query(parley.databaseUrl, TARGETS)).toEqual([{ user_id: 'alice', device_id: 'same-phone' }])
  await alice.send(chatId, 'not for this phone')
  await stage.idle()
  expect(web.requestCount()).toBe(0)
  await bob.send(chatId, 'for this phone')
  await stage.tenSecondsPass()
  await web.received.next()
})

test('only a device of the viewer can have a target', async () => {
  await using stage = await startPushStage()
  const { alice, bob, parley } = stage
  const webPush = await stage.phone(bob)
  const foreign = await alice.post(SET_TARGET, { input: { deviceId: 'phone', target: { webPush } } })
  expect(foreign.errors?.[0]?.extensions.code).toBe('NOT_FOUND')
  // The attempt has not taken the target either.
  expect(await query(parley.databaseUrl, TARGETS)).toEqual([{ user_id: 'bob', device_id: 'phone' }])
})

test('null removes a target, and so do a sign-out and a deactivation', async () => {
  await using stage = await startPushStage()
  const { bob, parley } = stage
  await stage.phone(bob)
  expect(await bob.run(SET_TARGET, { input: { deviceId: 'phone', target: null } })).toEqual({
    setPushTarget: { provider: null },
  })
  expect(await query(parley.databaseUrl, TARGETS)).toEqual([])
  const backend = await parley.backend()
  await stage.phone(bob)
  await backend.run(`mutation { signOutUser(userId: "${bob.id}") { id } }`)
  expect(await query(parley.databaseUrl, TARGETS)).toEqual([])
})

test.each([
  ['http', { webPush: { endpoint: 'http://push.example/1' } }],
  ['no URL', { webPush: { endpoint: 'push' } }],
  ['a long endpoint', { webPush: { endpoint: `https://push.example/${'x'.repeat(2_048)}` } }],
  ['a short key', { webPush: { p256dh: 'AAAA' } }],
  ['a key that is no base64url', { webPush: { auth: 'no base64url!' } }],
  ['no token of Apple', { apns: { token: 'xyz' } }],
  ['no bundle id', { apns: { token: 'ab'.repeat(32), topic: 'a b' } }],
  ['no token of Firebase', { fcm: { token: '' } }],
  ['a long token', { fcm: { token: 'x'.repeat(4_097) } }],
  ['two targets', { fcm: { token: 'x' }, apns: { token: 'ab'.repeat(32) } }],
  ['no target', {}],
])('%s is rejected', async (_, given: Readonly<Record<string, object>>) => {
  await using stage = await startPushStage()
  const { bob, web, webPushKey } = stage
  await register(bob, 'phone')
  const target =
    given['webPush'] === undefined
      ? given
      : { webPush: { ...web.subscribe(webPushKey), ...given['webPush'] } }
  const { errors } = await bob.post(SET_TARGET, { input: { deviceId: 'phone', target } })
  expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
})

test('serverInfo tells apps what is on', async () => {
  await using stage = await startPushStage()
  expect(await stage.alice.run('{ serverInfo { push { providers webPushKey } } }')).toEqual({
    serverInfo: { push: { providers: ['WEB_PUSH', 'APNS', 'FCM'], webPushKey: stage.webPushKey } },
  })
})

test('targets of a provider that was switched off leave nothing behind', async () => {
  await using stage = await startPushStage()
  const { bob, alice, chatId, parley } = stage
  await register(bob, 'pixel')
  await bob.run(SET_TARGET, { input: { deviceId: 'pixel', target: { fcm: { token: 'pixel' } } } })
  await parley.stop()
  await using push = await startWebPushOnly()
  const { vapidKey, config } = push
  await using later = await startParley({
    databaseUrl: parley.databaseUrl,
    vapidKey,
    config: { push: config },
  })
  const followers = `SELECT id FROM followers WHERE id LIKE 'push/%' ORDER BY id`
  await expect
    .poll(() => query(parley.databaseUrl, followers), { timeout: 10_000 })
    .toEqual([{ id: 'push/plan' }, { id: 'push/web_push' }])
  const ann = await later.person(alice.name)
  await ann.send(chatId, 'Hello')
  await stage.idle()
  const off = await (
    await later.person(bob.name)
  ).post(SET_TARGET, {
    input: { deviceId: 'pixel', target: { fcm: { token: 'pixel' } } },
  })
  expect(off.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
})

test('devices are notified again after the logs were set back', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  await alice.send(chatId, 'lost')
  await web.received.next()
  await stage.idle()
  // As if the log had lost the messages up to this one.
  await query(parley.databaseUrl, 'UPDATE pushes SET sent_seq = 1000')
  await resetDevices(parley.databaseUrl, new AbortController().signal)
  const { seq } = await alice.send(chatId, 'new')
  expect((await web.received.next()).data['seq']).toBe(seq)
})
