import { expect, test, vi } from 'vitest'
import { register, SET_TARGET, startPushStage } from '../../harness/push/push-stage.ts'
import { query } from '../../harness/servers/database.ts'

/** Members with a push to send or to withdraw. */
const MARKS = `SELECT user_id, due_at > now() + interval '5 seconds' AS "isLater" FROM chat_marks
  WHERE follower_id <> 'push/plan' ORDER BY user_id`
const PUSHED = `SELECT sent_seq AS "sentSeq", is_shown AS "isShown" FROM pushes ORDER BY user_id, device_id`
const HEARTBEAT = `mutation { heartbeat(input: { userActivity: true }) { __typename } }`

/** For what no item announces. */
const WAIT = { timeout: 10_000 }

test('an offline phone gets one push about a message, with ids only', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web } = stage
  const { endpoint } = await stage.phone(bob)
  const { id: messageId, seq } = await alice.send(chatId, 'Hello')
  const pushed = await web.received.next()
  expect(endpoint.endsWith(pushed.path)).toBe(true)
  expect(pushed).toMatchObject({ urgency: 'high', topic: chatId.replace('chat_', '').replaceAll('-', '') })
  expect(pushed.data).toEqual({ type: 'message', chatId, seq, messageId, unreadCount: 1, badge: 1 })
  await stage.idle()
  expect(web.requestCount()).toBe(1)
})

test('a person who is active on another device gets a push after ten seconds, if it is still unread', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  using desktop = bob.inbox('desktop')
  await desktop.caughtUp()
  await bob.run(HEARTBEAT)
  const { seq } = await alice.send(chatId, 'Are you there?')
  await expect.poll(() => query(parley.databaseUrl, MARKS), WAIT).toEqual([{ user_id: 'bob', isLater: true }])
  expect(web.requestCount()).toBe(0)
  await stage.tenSecondsPass()
  expect((await web.received.next()).data['seq']).toBe(seq)
})

test('a person who reads within the ten seconds gets no push', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  await bob.run(HEARTBEAT)
  const { seq } = await alice.send(chatId, 'Are you there?')
  await expect.poll(() => query(parley.databaseUrl, MARKS), WAIT).toEqual([{ user_id: 'bob', isLater: true }])
  await bob.markRead(chatId, seq)
  await stage.tenSecondsPass()
  await stage.idle()
  expect(web.requestCount()).toBe(0)
})

test('reading withdraws the notification of a device that is behind', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  const { seq } = await alice.send(chatId, 'Hello')
  const { topic } = await web.received.next()
  await bob.markRead(chatId, seq)
  const withdrawal = await web.received.next()
  expect(withdrawal).toMatchObject({ topic, data: { type: 'withdrawal', chatId, badge: 0 } })
  await stage.idle()
  expect(await query(parley.databaseUrl, PUSHED)).toEqual([{ sentSeq: seq, isShown: false }])
})

test('reading withdraws nothing from a device that has the message', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  const { seq } = await alice.send(chatId, 'Hello')
  await web.received.next()
  await bob.markDelivered(chatId, seq, 'phone')
  await bob.markRead(chatId, seq)
  await expect.poll(() => query(parley.databaseUrl, PUSHED), WAIT).toEqual([{ sentSeq: seq, isShown: false }])
  await stage.idle()
  expect(web.requestCount()).toBe(1)
})

test('deleting a message withdraws its notification', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web } = stage
  await stage.phone(bob)
  const { id } = await alice.send(chatId, 'wrong chat')
  await web.received.next()
  await alice.run(`mutation { deleteMessage(input: { messageId: "${id}" }) { message { id } } }`)
  expect((await web.received.next()).data['type']).toBe('withdrawal')
})

test('messages of one chat replace each other, and the badge counts chats', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  await alice.send(chatId, 'one')
  const first = await web.received.next()
  const { seq } = await alice.send(chatId, 'two')
  const second = await web.received.next()
  expect(second.topic).toBe(first.topic)
  expect(second.data).toMatchObject({ seq, unreadCount: 2, badge: 1 })
  const other = await (await parley.person('carol')).startChat(bob)
  await alice.send(await alice.createGroup([bob]), 'three')
  const third = await web.received.next()
  expect(third.topic).not.toBe(first.topic)
  expect(third.data).toMatchObject({ unreadCount: 1, badge: 2 })
  expect(other).not.toBe(chatId)
})

test('messages that arrive while a provider works become one push', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web } = stage
  await stage.phone(bob)
  web.answerWith(() => ({ status: 503, headers: { 'retry-after': '1' } }))
  await alice.send(chatId, 'one')
  await vi.waitUntil(() => web.requestCount() === 1, WAIT)
  for (const text of ['two', 'three', 'four']) await alice.send(chatId, text)
  web.answerWith(() => ({ status: 201 }))
  await stage.retryNow()
  expect((await web.received.next()).data).toMatchObject({ unreadCount: 4 })
  await stage.idle()
  expect(web.received.all).toHaveLength(1)
})

test('a muted chat causes no push until the mute ends', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(bob)
  const until = new Date(Date.now() + 3_600_000).toISOString()
  const mute = `mutation { setChatNotifications(input: { chatId: "${chatId}", level: NONE, until: "${until}" }) {
    chat { notifications { level until } } } }`
  expect(await bob.run(mute)).toEqual({
    setChatNotifications: { chat: { notifications: { level: 'NONE', until } } },
  })
  await alice.send(chatId, 'muted')
  await stage.idle()
  expect(web.requestCount()).toBe(0)
  await query(parley.databaseUrl, `UPDATE members SET muted_until = now() - interval '1 second'`)
  expect(await bob.run(`{ chat(id: "${chatId}") { notifications { level until } } }`)).toEqual({
    chat: { notifications: { level: 'ALL', until: null } },
  })
  // Alice sees her own setting.
  expect(await alice.run(`{ chat(id: "${chatId}") { notifications { level } } }`)).toEqual({
    chat: { notifications: { level: 'ALL' } },
  })
  const { seq } = await alice.send(chatId, 'heard')
  expect((await web.received.next()).data).toMatchObject({ seq, unreadCount: 2 })
})

test('senders, system messages and devices without a target get no push', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web, parley } = stage
  await stage.phone(alice)
  await register(bob, 'phone')
  await alice.send(chatId, 'own')
  const backend = await parley.backend()
  await backend.run(`mutation { sendMessage(input: {
    chatId: "${chatId}", clientMessageId: "1", body: "system" }) { message { id } } }`)
  await stage.idle()
  expect(web.requestCount()).toBe(0)
  await bob.send(chatId, 'hello')
  // Alice has just written, so she is active.
  await expect
    .poll(() => query(parley.databaseUrl, MARKS), WAIT)
    .toEqual([{ user_id: 'alice', isLater: true }])
  await stage.tenSecondsPass()
  await web.received.next()
  await stage.idle()
  expect(web.requestCount()).toBe(1)
})

test('each provider brings its own message to its own device', async () => {
  await using stage = await startPushStage({}, { hasContent: true })
  const { alice, bob, chatId, web, apns, fcm } = stage
  const subscription = await stage.phone(bob, 'browser')
  await register(bob, 'iphone')
  await register(bob, 'pixel')
  const token = 'ab'.repeat(32)
  const setTarget = (deviceId: string, target: object) => bob.run(SET_TARGET, { input: { deviceId, target } })
  expect(await setTarget('iphone', { apns: { token, environment: 'SANDBOX' } })).toEqual({
    setPushTarget: { provider: 'APNS' },
  })
  await setTarget('pixel', { fcm: { token: 'pixel:token' } })
  const { seq } = await alice.send(chatId, 'Tea?')
  const text = { title: 'Alice', body: 'Tea?' }
  expect((await web.received.next()).data).toMatchObject({ seq, ...text })
  expect(subscription.auth).toHaveLength(22)
  const apple = await apns.received.next()
  expect(apple).toMatchObject({
    token,
    headers: { 'apns-topic': 'com.example.chat', 'apns-push-type': 'alert', 'apns-priority': '10' },
    payload: { aps: { alert: text, badge: 1, 'mutable-content': 1 }, parley: { seq, unreadCount: 1 } },
  })
  const google = await fcm.received.next()
  expect(google).toMatchObject({
    token: 'pixel:token',
    data: { seq: String(seq), type: 'message' },
    notification: text,
    android: { priority: 'HIGH', ttl: '604800s', collapse_key: apple.headers['apns-collapse-id'] },
  })
  await bob.markRead(chatId, seq)
  expect((await web.received.next()).data['type']).toBe('withdrawal')
  expect(await apns.received.next()).toMatchObject({
    headers: { 'apns-push-type': 'background', 'apns-priority': '5' },
    payload: { aps: { 'content-available': 1, badge: 0 }, parley: { type: 'withdrawal' } },
  })
  expect((await fcm.received.next()).data['type']).toBe('withdrawal')
})
