import { register, SET_TARGET, type WebPushOnly } from '../push/push-stage.ts'
import type { TestParley } from '../servers/parley.ts'

/** Pushes to a device, withdraws, and mutes, so that all statements of push are sent. */
export async function usePush(parley: TestParley, { web, publicKey }: WebPushOnly): Promise<void> {
  const [erin, frank] = [await parley.person('erin'), await parley.person('frank')]
  const chatId = await erin.startChat(frank)
  await register(frank, 'phone')
  const setTarget = (target: object | null): Promise<unknown> =>
    frank.run(SET_TARGET, { input: { deviceId: 'phone', target } })
  await setTarget({ webPush: web.subscribe(publicKey) })
  await frank.requestOverSocket(`mutation { renewSession(input: { token: "${frank.token}" }) { expiresAt } }`)
  const { id } = await erin.send(chatId, 'wrong')
  await web.received.match(({ data }) => data['messageId'] === id)
  await erin.run(`mutation { deleteMessage(input: { messageId: "${id}" }) { message { id } } }`)
  await web.received.match(({ data }) => data['type'] === 'withdrawal')
  const { seq } = await erin.send(chatId, 'Hello')
  await web.received.next()
  await frank.markRead(chatId, seq)
  await web.received.match(({ data }) => data['type'] === 'withdrawal')
  await frank.run(`mutation { setChatNotifications(input: { chatId: "${chatId}", level: NONE }) {
    chat { notifications { level until } } } }`)
  await setTarget(null)
}
