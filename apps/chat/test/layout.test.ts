import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { openChat, problemsIn, send, startApp, type TestApp, texts } from './app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

test('a phone shows the list or the chat, and goes back to the list', async () => {
  const [alice, bob] = await Promise.all([app.parley.person('alice'), app.parley.person('bob')])
  await bob.send(await bob.startChat(alice), 'Hello')
  const page = await app.open(alice, {
    viewport: { width: 390, height: 780 },
    hasTouch: true,
    isMobile: true,
  })
  await openChat(page, 'Bob')
  expect(await page.getByRole('navigation').isVisible()).toBe(false)
  expect(await problemsIn(page)).toEqual([])
  await send(page, 'Hello from the phone')
  await expect.poll(() => texts(page)).toEqual(['Hello', 'Hello from the phone'])
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  expect(width).toBe(390)
  await page.goBack()
  await expect.poll(() => page.getByRole('navigation').isVisible()).toBe(true)
  await openChat(page, 'Bob')
  await page.getByRole('button', { name: 'Back to the chats' }).click()
  expect(await page.getByRole('navigation').isVisible()).toBe(true)
})

test('from right to left, the list is on the right, and each text has its own direction', async () => {
  const [carol, dave] = await Promise.all([app.parley.person('carol'), app.parley.person('dave')])
  const chatId = await carol.startChat(dave)
  await dave.send(chatId, 'مرحبا، كيف حالك؟')
  const page = await app.open(carol)
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('switch', { name: 'Right to left' }).check()
  await page.keyboard.press('Escape')
  await openChat(page, 'Dave')
  const field = page.getByRole('textbox', { name: 'Message' })
  expect(await field.evaluate((element) => element.matches(':dir(rtl)'))).toBe(true)
  await send(page, 'Fine, thank you')
  await expect.poll(() => texts(page)).toHaveLength(2)
  const box = await page.getByRole('navigation').boundingBox()
  expect(box?.x).toBeGreaterThan(500)
  const directions = await page
    .locator('.bubble-text')
    .evaluateAll((all) => all.map((one) => (one.matches(':dir(rtl)') ? 'rtl' : 'ltr')))
  expect(directions).toEqual(['rtl', 'ltr'])
})

test('from right to left, a quote of a left-to-right text begins at its bar', async () => {
  const [laura, mike] = await Promise.all([app.parley.person('laura'), app.parley.person('mike')])
  await mike.send(await laura.startChat(mike), 'Tea')
  const page = await app.open(laura, {
    script: `localStorage.setItem('parley:appearance', '{"direction":"rtl"}')`,
  })
  await openChat(page, 'Mike')
  await page.locator('.message').first().hover()
  await page.getByRole('list', { name: 'Messages' }).getByRole('button', { name: 'Reply' }).click()
  await send(page, 'With milk, and a very long answer that makes the bubble much wider than the quote')
  const quote = page.locator('.quote')
  await quote.waitFor()
  expect(await quote.evaluate((element) => getComputedStyle(element).borderRightWidth)).toBe('3px')
  for (const part of ['.quote-text', '.quote-sender']) {
    const [outer, inner] = await Promise.all([quote.boundingBox(), quote.locator(part).boundingBox()])
    if (outer === null || inner === null) throw new Error('Both are visible')
    expect(outer.x + outer.width - inner.x - inner.width).toBeLessThan(20)
    expect(inner.width).toBeLessThan(outer.width / 2)
  }
})

test('from right to left, the full stop of a sentence of the app stands at its end', async () => {
  const page = await app.open(await app.parley.person('nina'), {
    script: `localStorage.setItem('parley:appearance', '{"direction":"rtl"}')`,
  })
  const sentence = page.getByText('Your chats appear here.')
  await sentence.waitFor()
  const [start, end] = await sentence.evaluate((element) => {
    const text = element.firstChild as Text
    return [0, text.length - 1].map((at) => {
      const range = document.createRange()
      range.setStart(text, at)
      range.setEnd(text, at + 1)
      return range.getBoundingClientRect().left
    })
  })
  expect(end).toBeGreaterThan(start ?? Infinity)
})

test('older messages load while the reader scrolls up, and what they read stays in place', async () => {
  const [erin, frank] = await Promise.all([app.parley.person('erin'), app.parley.person('frank')])
  const chatId = await erin.startChat(frank)
  for (let n = 1; n <= 220; n += 1) await frank.send(chatId, `Message ${n}`)
  await erin.markRead(chatId, 220)
  const page = await app.open(erin)
  await openChat(page, 'Frank')
  const list = page.getByRole('list', { name: 'Messages' })
  await list.getByText('Message 220', { exact: true }).waitFor()
  for (let n = 0; n < 60 && !(await list.getByText('Message 1', { exact: true }).isVisible()); n += 1) {
    await list.hover()
    await page.mouse.wheel(0, -1_500)
    await page.waitForFunction(() => new Promise((resolve) => requestAnimationFrame(() => resolve(true))))
  }
  expect(await list.getByText('Message 1', { exact: true }).isVisible()).toBe(true)

  await frank.send(chatId, 'A new one')
  await page.getByRole('button', { name: 'To the newest' }).click()
  await expect.poll(() => list.getByText('A new one', { exact: true }).isVisible()).toBe(true)
})

test('a chat opens at its first unread message, and counts as read once the rest was in sight', async () => {
  const [grace, heidi] = await Promise.all([app.parley.person('grace'), app.parley.person('heidi')])
  const chatId = await grace.startChat(heidi)
  for (let n = 1; n <= 80; n += 1) await heidi.send(chatId, `Message ${n}`)
  await grace.markRead(chatId, 10)
  const page = await app.open(grace)
  await openChat(page, 'Heidi')
  const list = page.getByRole('list', { name: 'Messages' })
  await expect.poll(() => list.getByText('New messages').isVisible()).toBe(true)
  expect(await list.getByText('Message 11', { exact: true }).isVisible()).toBe(true)
  const row = page.getByRole('navigation').getByRole('button', { name: 'Heidi' })
  await expect.poll(() => row.innerText()).toMatch(/\b[3-6]\d\s+unread/)
  await page.getByRole('button', { name: /To the newest, \d+ unread/ }).click()
  await expect.poll(() => row.innerText()).not.toContain('unread')
})

test('a finger opens the actions of a message by touching it', async () => {
  const [ivan, judy] = await Promise.all([app.parley.person('ivan'), app.parley.person('judy')])
  await judy.send(await judy.startChat(ivan), 'Touch me')
  const page = await app.open(ivan, {
    viewport: { width: 390, height: 780 },
    hasTouch: true,
    isMobile: true,
  })
  await openChat(page, 'Judy')
  await page.locator('.bubble').tap()
  await page.getByRole('button', { name: 'React with 👍' }).tap()
  await expect.poll(() => page.locator('.reaction').getAttribute('aria-label')).toBe('👍 by you')
})

test('the longest name fits into the dialogs', async () => {
  const name = 'wolfeschlegelsteinhausenbergerdorffvonhohenstaufenlichtenberg'
  const [kim, long] = await Promise.all([app.parley.person('kim'), app.parley.person(name)])
  await kim.createGroup([long], { title: 'Names' })
  const page = await app.open(kim, { viewport: { width: 390, height: 780 } })
  await openChat(page, 'Names')
  await page.getByRole('button', { name: 'About' }).click()
  const content = page.locator('.sheet-content')
  await content.getByText('(you)').waitFor()
  expect(await content.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0)
})
