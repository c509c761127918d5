import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newVapidPair } from '../../../src/followers/push/credentials.ts'
import { createTls } from '../../../test/harness/network/tls.ts'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import type { Person } from '../../../test/harness/people/person.ts'
import { register, SET_TARGET } from '../../../test/harness/push/push-stage.ts'
import {
  startWebPushService,
  type Subscription,
  type WebPushed,
  type WebPushService,
} from '../../../test/harness/push/web-push-service.ts'
import { openChat, type PageOptions, problemsIn, send, startApp, type TestApp, texts } from './app.ts'
import { hasStored, stubPushManager, workerOf } from './notifications.ts'

const resources = new AsyncDisposableStack()
const vapid = newVapidPair()
let app: TestApp
let web: WebPushService

beforeAll(async () => {
  web = resources.use(await startWebPushService(resources.use(await createTls())))
  app = resources.use(await startApp({ vapidKey: vapid.privateKey }))
}, BROWSER_TIMEOUT_MS)
afterAll(() => resources.disposeAsync())

type Opened = Readonly<{ page: Page; context: BrowserContext; subscriptions: readonly Subscription[] }>

/** Opens the app in a browser that allows notifications. */
async function open(person: Person, options: PageOptions = {}): Promise<Opened> {
  let subscriptions: readonly Subscription[] = []
  const prepare = async (context: BrowserContext): Promise<void> => {
    subscriptions = await stubPushManager(context, web)
  }
  const page = await app.open(person, { permissions: ['notifications'], prepare, ...options })
  await page.getByRole('navigation').waitFor()
  return { page, context: page.context(), subscriptions }
}

async function turnOn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('switch', { name: 'Notifications' }).click()
  await page.getByText('Notifications are on.').waitFor()
  await page.keyboard.press('Escape')
}

async function people(suffix: string): Promise<readonly [alice: Person, bob: Person, chatId: string]> {
  const [alice, bob] = [await app.parley.person(`alice${suffix}`), await app.parley.person(`bob${suffix}`)]
  // A chat without messages is listed to the user who started it.
  return [alice, bob, await bob.startChat(alice)]
}

/** The next push about a chat. A user who was just active has ten seconds to read on another device. */
function pushAbout(chatId: string, type = 'message'): Promise<WebPushed> {
  return web.received.match(({ data }) => data['chatId'] === chatId && data['type'] === type, 30_000)
}

function pathsAbout(chatId: string): readonly string[] {
  return web.received.all.filter(({ data }) => data['chatId'] === chatId).map(({ path }) => path)
}

test('a device that is offline gets one notification, and reading elsewhere withdraws it', async () => {
  const [alice, bob, chatId] = await people('1')
  const { page, context } = await open(bob)
  await openChat(page, 'Alice1')
  await send(page, 'Are you there?')
  await page.getByRole('button', { name: 'Turn on notifications' }).click()
  await page.getByText('Notifications are on.').waitFor()
  expect(await page.getByRole('region', { name: 'Notifications' }).count()).toBe(0)
  await alice.send(chatId, 'At once')
  await expect.poll(() => texts(page)).toEqual(['Are you there?', 'At once'])
  const worker = await workerOf(context, app.origin)
  await hasStored(page, chatId)
  await page.close()

  const { seq } = await alice.send(chatId, 'Later')
  const first = await pushAbout(chatId)
  // None about the message that Bob's device had received.
  expect(pathsAbout(chatId)).toHaveLength(1)
  expect(first.data).toMatchObject({ seq, unreadCount: 1 })
  await worker.deliver(first)
  expect(await worker.shown()).toEqual([['Alice1', 'New message']])

  const { seq: newest } = await alice.send(chatId, 'And later')
  const second = await pushAbout(chatId)
  await worker.deliver(second)
  expect(await worker.shown()).toEqual([['Alice1', '2 new messages']])
  await worker.deliver(first)
  expect(await worker.shown()).toEqual([['Alice1', '2 new messages']])

  await bob.markRead(chatId, newest)
  await worker.deliver(await pushAbout(chatId, 'withdrawal'))
  expect(await worker.shown()).toEqual([])
  expect(app.errors).toEqual([])
})

/** Returns a push of this chat to a phone, which gets it at once. */
async function pushToPhone(alice: Person, bob: Person, chatId: string): Promise<WebPushed> {
  await register(bob, 'phone')
  const webPush = web.subscribe(vapid.publicKey)
  await bob.run(SET_TARGET, { input: { deviceId: 'phone', target: { webPush } } })
  await alice.send(chatId, 'Hello')
  return pushAbout(chatId)
}

test('a click opens the chat, in a window that is open and in a new one', async () => {
  const [alice, bob, chatId] = await people('2')
  const pushed = await pushToPhone(alice, bob, chatId)
  const { page, context } = await open(bob)
  await page.getByRole('button', { name: 'Alice2' }).waitFor()
  await turnOn(page)
  const worker = await workerOf(context, app.origin)
  await page.bringToFront()
  await hasStored(page, chatId)
  await worker.deliver(pushed)
  expect(await worker.shown()).toEqual([['Alice2', 'New message']])
  await worker.click('Alice2')
  await expect.poll(() => texts(page)).toEqual(['Hello'])
  expect(await worker.shown()).toEqual([])
  expect(await worker.opened()).toEqual([])

  // The window shows the chat now.
  await worker.deliver(pushed)
  expect(await worker.shown()).toEqual([])

  await page.close()
  await worker.deliver(pushed)
  await worker.click('Alice2')
  const [address = ''] = await worker.opened()
  const next = await context.newPage()
  await next.goto(address)
  // The new window has no token of its own.
  await expect.poll(() => texts(next)).toEqual(['Hello'])
})

test('a notification is closed once the chat is read in the app', async () => {
  const [alice, bob, chatId] = await people('3')
  const pushed = await pushToPhone(alice, bob, chatId)
  const { page, context } = await open(bob)
  await turnOn(page)
  const worker = await workerOf(context, app.origin)
  await worker.deliver(pushed)
  expect(await worker.shown()).toHaveLength(1)
  await page.bringToFront()
  await openChat(page, 'Alice3')
  await expect.poll(() => worker.shown()).toEqual([])
})

test('a replaced subscription is told to the server, and signing out ends them', async () => {
  const [alice, bob, chatId] = await people('4')
  const { page, context, subscriptions } = await open(bob)
  await turnOn(page)
  const worker = await workerOf(context, app.origin)
  await page.evaluate('testExpire()')
  await worker.changeSubscription()
  await expect.poll(() => subscriptions.length).toBe(2)
  const answered = page.waitForResponse(
    (response) => response.request().postData()?.includes('setPushTarget') === true,
  )
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await answered
  await page.getByLabel('Token').waitFor()
  expect(await page.evaluate(() => localStorage.getItem('parley:token'))).toBeNull()
  const phone = await pushToPhone(alice, bob, chatId)
  expect(pathsAbout(chatId)).toEqual([phone.path])
})

test('a muted chat has a mark, counts nowhere, and causes no push', async () => {
  const [alice, bob, chatId] = await people('5')
  const carol = await app.parley.person('carol5')
  // One's own, because another person's chat is not listed before its first message.
  const other = await bob.startChat(carol)
  await alice.send(chatId, 'First')
  const { page } = await open(bob)
  await turnOn(page)
  await expect.poll(() => page.title()).toBe('(1) Parley')
  await openChat(page, 'Alice5')
  await page.getByRole('button', { name: 'About' }).click()
  const choice = page.getByRole('dialog', { name: 'About the chat' }).getByLabel('Notifications')
  await choice.selectOption({ label: 'Muted for 1 hour' })
  await expect.poll(() => choice.inputValue()).toBe('until')
  await choice.selectOption({ label: 'Muted' })
  await expect.poll(() => choice.inputValue()).toBe('always')
  expect(await notificationsOf(bob, chatId)).toEqual({ level: 'NONE', until: null })
  await page.keyboard.press('Escape')
  const row = page.getByRole('navigation').getByRole('button', { name: 'Alice5' })
  await row.getByText('Muted').waitFor()

  // Behind another tab, a page may still count as visible, and would read what arrives in the chat that it shows.
  await openChat(page, 'Carol5')
  // Another tab knows it too.
  const tab = await page.context().newPage()
  await tab.goto(`${app.origin}/#token=${bob.token}`)
  await tab.getByRole('navigation').getByText('Muted').waitFor({ state: 'attached' })
  await tab.bringToFront()
  await alice.send(chatId, 'Second')
  await tab.getByRole('navigation').getByText('1 unread').waitFor()
  expect(await tab.title()).toBe('Parley')
  await tab.close()

  await page.close()
  await alice.send(chatId, 'Third')
  await carol.send(other, 'Hello')
  await pushAbout(other)
  expect(pathsAbout(chatId)).toEqual([])
})

test('muting ends in the app, in all tabs', async () => {
  const [, bob, chatId] = await people('6')
  const input = { chatId, level: 'NONE' }
  await bob.run(
    'mutation ($input: SetChatNotificationsInput!) { setChatNotifications(input: $input) { chat { id } } }',
    { input },
  )
  const { page, context } = await open(bob)
  const tab = await context.newPage()
  await tab.goto(`${app.origin}/#token=${bob.token}`)
  for (const each of [page, tab])
    await each.getByRole('navigation').getByText('Muted').waitFor({ state: 'attached' })
  await openChat(page, 'Alice6')
  await page.getByRole('button', { name: 'About' }).click()
  await page
    .getByRole('dialog', { name: 'About the chat' })
    .getByLabel('Notifications')
    .selectOption({ label: 'On' })
  for (const each of [page, tab])
    await each.getByRole('navigation').getByText('Muted').waitFor({ state: 'detached' })
  expect(await notificationsOf(bob, chatId)).toEqual({ level: 'ALL', until: null })
})

async function notificationsOf(person: Person, chatId: string): Promise<unknown> {
  const query = 'query ($id: ID!) { chat(id: $id) { notifications { level until } } }'
  const { chat } = (await person.run(query, { id: chatId })) as { chat: { notifications: unknown } }
  return chat.notifications
}

test('a browser that blocks notifications says so, and is not asked', async () => {
  const [, bob] = await people('7')
  const { page } = await open(bob, { permissions: [] })
  await openChat(page, 'Alice7')
  await send(page, 'Hello')
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByText('Your browser blocks notifications').waitFor()
  expect(await page.getByRole('switch', { name: 'Notifications' }).isDisabled()).toBe(true)
  expect(await page.getByRole('button', { name: 'Turn on notifications' }).count()).toBe(0)
  expect(await problemsIn(page)).toEqual([])
})

test('an offer that was declined does not come back', async () => {
  const [, bob] = await people('8')
  const { page } = await open(bob)
  await openChat(page, 'Alice8')
  await send(page, 'Hello')
  await page.getByRole('button', { name: 'Not now' }).click()
  await page.reload()
  await send(page, 'Hello again')
  await expect.poll(() => texts(page)).toHaveLength(2)
  await page.getByRole('button', { name: 'Settings' }).click()
  expect(await page.getByRole('switch', { name: 'Notifications' }).isChecked()).toBe(false)
  expect(await page.getByRole('button', { name: 'Turn on notifications' }).count()).toBe(0)
})

test.each(['light', 'dark'] as const)(
  'axe finds no problem with notifications in %s colours',
  async (colorScheme) => {
    const [alice, bob, chatId] = await people(colorScheme)
    const { page } = await open(bob, { colorScheme })
    await openChat(page, `Alice${colorScheme}`)
    await send(page, 'Hello')
    await page.getByRole('region', { name: 'Notifications' }).waitFor()
    expect(await problemsIn(page)).toEqual([])
    await turnOn(page)
    await page.getByRole('button', { name: 'About' }).click()
    await page
      .getByRole('dialog', { name: 'About the chat' })
      .getByLabel('Notifications')
      .selectOption({ label: 'Muted until tomorrow' })
    expect(await problemsIn(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.goto(app.origin)
    await alice.send(chatId, 'Hello')
    await page.getByRole('navigation').getByText('1 unread').waitFor()
    expect(await problemsIn(page)).toEqual([])
  },
)
