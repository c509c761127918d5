import { afterAll, beforeAll, expect, test } from 'vitest'
import { issueToken } from '../../../src/auth/issue-token.ts'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { Person } from '../../../test/harness/people/person.ts'
import { TEST_SECRET } from '../../../test/harness/servers/parley.ts'
import { newestTick, openChat, send, startApp, type TestApp } from './app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

test('the list shows a message that waits, and one that was refused', async () => {
  const [alice, bob] = await Promise.all([app.parley.person('alice'), app.parley.person('bob')])
  const chatId = await alice.startChat(bob)
  await bob.send(chatId, 'Where are you?')
  const page = await app.open(alice)
  const row = page.getByRole('navigation').getByRole('button', { name: 'Bob' })
  const ticks = row.locator('.ticks')
  await openChat(page, 'Bob')
  await page.context().route('**/graphql', (route) => route.abort())
  await send(page, 'In the tunnel')
  await expect.poll(() => row.innerText()).toContain('In the tunnel')
  expect(await ticks.getAttribute('aria-label')).toBe('Waiting to be sent')

  await page.context().unroute('**/graphql')
  await expect.poll(() => ticks.getAttribute('aria-label')).toBe('Sent')
  await send(page, 'A control character: \u0007')
  await expect.poll(() => newestTick(page)).toBe('Not sent')
  await expect.poll(() => row.innerText()).toContain('Not sent: A control character:')
  expect(await ticks.getAttribute('aria-label')).toBe('Not sent')

  await bob.send(chatId, 'I see you')
  await expect.poll(() => row.innerText()).toContain('I see you')
  expect(await row.innerText()).toContain('A message was not sent')
  await page.getByRole('button', { name: 'Discard' }).click()
  await expect.poll(() => row.innerText()).not.toContain('A message was not sent')
})

/** A person whose token has a picture. */
async function personWithPicture(name: string, picture: string): Promise<Person> {
  const token = await issueToken(TEST_SECRET, { subject: name, name, picture })
  const person = new Person({ url: app.parley.url, token, name })
  await person.run('{ viewer { id } }')
  return person
}

test('pictures of users are shown once they are loaded, and initials if they cannot be', async () => {
  const carol = await app.parley.person('carol')
  const dave = await personWithPicture('dave', 'https://pictures.example/dave.svg')
  const erin = await personWithPicture('erin', 'https://pictures.example/gone.svg')
  for (const person of [dave, erin]) await person.send(await person.startChat(carol), 'Hello')
  const page = await app.open(carol)
  const referrers: (string | undefined)[] = []
  await page.context().route('https://pictures.example/**', async (route) => {
    referrers.push(route.request().headers()['referer'])
    if (route.request().url().includes('gone')) return route.fulfill({ status: 404 })
    const body = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1H0z"/></svg>'
    return route.fulfill({ contentType: 'image/svg+xml', body })
  })
  await page.reload()
  const avatar = (name: string) =>
    page.getByRole('navigation').getByRole('button', { name }).locator('.avatar')
  await avatar('dave').locator('[data-loaded="true"]').waitFor()
  await avatar('erin').waitFor()
  await expect.poll(() => avatar('erin').locator('img').count()).toBe(0)
  expect(await avatar('erin').innerText()).toBe('E')
  expect(new Set(referrers)).toEqual(new Set([undefined]))
  await Promise.all([dave, erin].map((person) => person[Symbol.asyncDispose]()))
})

test('initials are letters and digits, or an emoji if there are none', async () => {
  const [frank, grace] = await Promise.all([app.parley.person('frank'), app.parley.person('grace')])
  const titles = { 'Weekend trip 🏔️': 'WT', '🎉 Party': 'P', '🏔️': '🏔️', 'Room 7': 'R7' }
  for (const title of Object.keys(titles)) await frank.createGroup([grace], { title })
  const page = await app.open(frank)
  const rows = page.getByRole('navigation').locator('.chat-row')
  await expect.poll(() => rows.count()).toBe(4)
  const shown = await rows.locator('.avatar').allInnerTexts()
  expect(shown.map((text) => text.replaceAll('\u200c', ''))).toEqual(Object.values(titles).toReversed())
})
