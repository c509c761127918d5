import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { newestTick, openChat, problemsIn, send, startApp, type TestApp, texts } from './app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

/** Alice's app with a conversation that shows everything that a message can have. */
async function conversation(suffix: string, colorScheme: 'light' | 'dark'): Promise<Page> {
  const [alice, bob] = await Promise.all([
    app.parley.person(`alice${suffix}`),
    app.parley.person(`bob${suffix}`),
  ])
  const chatId = await alice.createGroup([bob], { title: 'Walk on Sunday', messageTtlSeconds: 3_600 })
  const { id } = await bob.send(chatId, 'Shall we walk around the lake?')
  const mutation = `mutation ($id: ID!) { setReaction(input: { messageId: $id, emoji: "👍", present: true }) { message { id } } }`
  await alice.run(mutation, { id })
  await alice.send(chatId, 'Yes, let us')
  const direct = await bob.startChat(alice)
  await bob.send(direct, 'One more thing')
  const page = await app.open(alice, { colorScheme })
  await openChat(page, 'Walk on Sunday')
  await send(page, 'See you there')
  await expect.poll(() => texts(page)).toHaveLength(3)
  return page
}

test.each(['light', 'dark'] as const)('axe finds no problem in %s colours', async (scheme) => {
  const page = await conversation(scheme, scheme)
  expect(await problemsIn(page)).toEqual([])
  await page.locator('.message').first().click({ button: 'right' })
  await page.getByRole('dialog').waitFor()
  expect(await problemsIn(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'About' }).click()
  await page.getByRole('dialog').waitFor()
  expect(await problemsIn(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('dialog').waitFor()
  expect(await problemsIn(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'New chat' }).click()
  await page.getByRole('checkbox').first().check()
  expect(await problemsIn(page)).toEqual([])
})

test('axe finds no problem in an app without chats', async () => {
  const page = await app.open(await app.parley.person('newcomer'))
  await page.getByText('Your chats appear here.').waitFor()
  expect(await problemsIn(page)).toEqual([])
})

test('axe finds no problem on the start page and the sign-in page', async () => {
  const start = await app.openStart()
  await start.getByTitle('Alice’s app').waitFor()
  expect(await problemsIn(start)).toEqual([])
  await start.route('**/app/demo.json', (route) => route.fulfill({ json: { people: [] } }))
  await start.goto(`${app.origin}/?`)
  await start.getByLabel('Token').waitFor()
  expect(await problemsIn(start)).toEqual([])
})

test('a chat is opened, answered and reacted to with the keyboard alone', async () => {
  const [carol, dave] = await Promise.all([app.parley.person('carol'), app.parley.person('dave')])
  const chatId = await carol.startChat(dave)
  await dave.send(chatId, 'First')
  await dave.send(chatId, 'Second')
  const page = await app.open(carol)
  const { keyboard } = page
  await page.getByRole('navigation').getByRole('button', { name: 'Dave' }).waitFor()
  const focused = (): Promise<string> =>
    page.evaluate(() => {
      const { activeElement: element, body } = document
      return element === null || element === body ? '' : (element.ariaLabel ?? element.textContent)
    })
  async function tabTo(text: string): Promise<void> {
    for (let presses = 0; presses < 15 && !(await focused()).includes(text); presses += 1)
      await keyboard.press('Tab')
    expect(await focused()).toContain(text)
  }
  await tabTo('Dave')
  await keyboard.press('Enter')
  await expect.poll(focused).toBe('Message')
  await keyboard.type('By keyboard')
  await keyboard.press('Shift+Enter')
  await keyboard.type('in two lines')
  await keyboard.press('Enter')
  await expect.poll(() => texts(page)).toEqual(['First', 'Second', 'By keyboard\nin two lines'])
  await expect.poll(() => newestTick(page)).toBe('Sent')

  await keyboard.press('Shift+Tab')
  expect(await focused()).toContain('By keyboard')
  await keyboard.press('ArrowUp')
  await expect.poll(focused).toContain('Second')
  await keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await tabTo('React with ❤️')
  await keyboard.press('Enter')
  await expect.poll(() => page.locator('.reaction').getAttribute('aria-label')).toBe('❤️ by you')
  await expect.poll(focused).toContain('Second')
})
