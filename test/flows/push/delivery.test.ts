import { expect, test } from 'vitest'
import { startPushStage } from '../../harness/push/push-stage.ts'

test('an offline phone gets one push about a message, with ids only', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web } = stage
  const { endpoint } = await stage.phone(bob)
  const { id: messageId, seq } = await alice.send(chatId, 'Hello')
  const pushed = await web.received.next()
  expect(endpoint.endsWith(pushed.path)).toBe(true)
  expect(pushed).toMatchObject({ urgency: 'high', topic: chatId.replace('chat_', '').replaceAll('-', '') })
  expect(pushed.data).toEqual({ type: 'message', chatId, seq, messageId, unreadCount: 1, badge: 1 })
})

test('reading withdraws the notification of a device that is behind', async () => {
  await using stage = await startPushStage()
  const { alice, bob, chatId, web } = stage
  await stage.phone(bob)
  const { seq } = await alice.send(chatId, 'Hello')
  await web.received.next()
  await bob.markRead(chatId, seq)
  expect((await web.received.next()).data).toEqual({ type: 'withdrawal', chatId, badge: 0 })
})
