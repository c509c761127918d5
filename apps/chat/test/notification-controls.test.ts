import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newVapidPair } from '../../../src/followers/push/credentials.ts'
import { createTls } from '../../../test/harness/network/tls.ts'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import type { Person } from '../../../test/harness/people/person.ts'
import { startWebPushService, type WebPushService } from '../../../test/harness/push/web-push-service.ts'
import { openChat, problemsIn, startApp, type TestApp } from './app.ts'
import { stubPushManager } from './notifications.ts'

/* The controls of notifications on the smallest phone, with the keyboard alone. */

const PHONE = { width: 360, height: 640 }
const MAX_TABS = 40

const resources = new AsyncDisposableStack()
let app: TestApp
let web: WebPushService

beforeAll(async () => {
  web = resources.use(await startWebPushService(resources.use(await createTls())))
  app = resources.use(await startApp({ vapidKey: newVapidPair().privateKey }))
}, BROWSER_TIMEOUT_MS)
afterAll(() => resources.disposeAsync())

async function open(person: Person): Promise<Page> {
  const page = await app.open(person, {
    permissions: ['notifications'],
    viewport: PHONE,
    prepare: (context) => stubPushManager(context, web),
  })
  await page.getByRole('navigation').waitFor()
  return page
}

/** Presses Tab until the control has the focus. */
async function tabTo(page: Page, control: Locator): Promise<void> {
  await control.waitFor()
  for (let pressed = 0; pressed < MAX_TABS; pressed += 1) {
    if (await hasFocus(control)) return
    await page.keyboard.press('Tab')
  }
  throw new Error('Tab does not lead to the control.')
}

function hasFocus(control: Locator): Promise<boolean> {
  return control.evaluate((element) => element === document.activeElement)
}

/** Whether all of it is on the screen, and the page does not scroll sideways. */
async function fits(page: Page, part: Locator): Promise<void> {
  const { x, y, width, height } = (await part.boundingBox()) ?? { x: -1, y: -1, width: 0, height: 0 }
  expect(Math.min(x, y)).toBeGreaterThanOrEqual(0)
  expect(x + width).toBeLessThanOrEqual(PHONE.width)
  expect(y + height).toBeLessThanOrEqual(PHONE.height)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width)
}

test('the switch in the settings is reached by Tab and set by Space, and focus returns to its button', async () => {
  const page = await open(await app.parley.person('bob-keys'))
  const settings = page.getByRole('button', { name: 'Settings' })
  await tabTo(page, settings)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Settings' })
  const toggle = dialog.getByRole('switch', { name: 'Notifications' })
  await tabTo(page, toggle)
  await fits(page, dialog)
  const hint = dialog.getByText('you stay signed in in this browser')
  expect(await toggle.getAttribute('aria-describedby')).toBe(await hint.getAttribute('id'))
  await page.keyboard.press('Space')
  await page.getByText('Notifications are on.').waitFor()
  await expect.poll(() => toggle.isChecked()).toBe(true)
  expect(await hasFocus(toggle)).toBe(true)
  await page.keyboard.press('Space')
  await expect.poll(() => toggle.isChecked()).toBe(false)
  expect(await problemsIn(page)).toEqual([])
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await expect.poll(() => hasFocus(settings)).toBe(true)
})

test('a chat is muted with the arrow keys, and focus returns to the button of its details', async () => {
  const [alice, bob] = [await app.parley.person('alice-keys'), await app.parley.person('bob-arrows')]
  const chatId = await bob.startChat(alice)
  const page = await open(bob)
  await openChat(page, 'Alice-keys')
  const about = page.getByRole('button', { name: 'About' })
  await tabTo(page, about)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'About the chat' })
  const choice = dialog.getByRole('combobox', { name: 'Notifications' })
  await tabTo(page, choice)
  await fits(page, choice)
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => choice.inputValue()).toBe('until')
  await page.keyboard.press('End')
  await expect.poll(() => choice.inputValue()).toBe('always')
  expect(await hasFocus(choice)).toBe(true)
  expect(await bob.run(`{ chat(id: "${chatId}") { notifications { level until } } }`)).toEqual({
    chat: { notifications: { level: 'NONE', until: null } },
  })
  await page.keyboard.press('Home')
  await expect.poll(() => choice.inputValue()).toBe('on')
  expect(await problemsIn(page)).toEqual([])
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await expect.poll(() => hasFocus(about)).toBe(true)
})
