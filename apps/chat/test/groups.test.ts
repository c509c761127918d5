import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { openChat, send, startApp, type TestApp, texts } from './app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

test('a group is created, grows, gets another name and an admin, and is left', async () => {
  const names = ['alice', 'bob', 'carol'] as const
  const [alice, bob, carol] = await Promise.all(names.map((name) => app.parley.person(name)))
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('Three people')
  const page = await app.open(alice)
  await page.getByRole('button', { name: 'New chat' }).click()
  await page.getByLabel('Someone else, by their user name').fill('bob')
  await page.getByRole('button', { name: 'Add' }).click()
  await page.getByLabel('Name of the group').fill('Garden')
  await page.getByRole('button', { name: 'Create group' }).click()
  await send(page, 'Welcome')

  const others = await app.open(bob)
  await openChat(others, 'Garden')
  await expect.poll(() => texts(others)).toEqual(['Welcome'])

  const about = page.getByRole('button', { name: 'About' })
  await about.click()
  const sheet = page.getByRole('dialog')
  await sheet.getByLabel('Someone else, by their user name').fill('carol')
  await sheet.getByRole('button', { name: 'Add', exact: true }).click()
  await sheet.getByRole('button', { name: 'Add to the group' }).click()
  await expect.poll(() => sheet.getByRole('region', { name: 'Members' }).innerText()).toContain('Carol')
  await sheet.getByLabel('Role of Bob').selectOption('ADMIN')
  await sheet.getByLabel('Name', { exact: true }).fill('Herb garden')
  await sheet.getByRole('button', { name: 'Rename' }).click()
  await expect.poll(() => others.locator('.chat-header').innerText()).toContain('Herb garden')
  await expect.poll(() => others.locator('.chat-header').innerText()).toContain('3 members')
  await sheet.getByLabel('New messages disappear').selectOption('3600')
  await expect.poll(() => others.locator('.chat-header .icon-timer').count()).toBe(1)
  await sheet.getByRole('button', { name: 'Close' }).click()
  await send(page, 'This disappears')
  await expect.poll(() => others.locator('.expiry').innerText()).toMatch(/min/)

  await others.getByRole('button', { name: 'About' }).click()
  const theirs = others.getByRole('dialog')
  await theirs.getByRole('button', { name: 'Remove Carol' }).click()
  await expect.poll(() => theirs.getByRole('region', { name: 'Members' }).innerText()).toContain('2 members')
  await theirs.getByRole('button', { name: 'Leave the group' }).click()
  await theirs.getByRole('button', { name: 'Leave, and receive no more messages?' }).click()
  await expect.poll(() => others.locator('.composer-closed').innerText()).toContain('no longer a member')
  expect(app.errors).toEqual([])
})

test('a newcomer starts with a group, whose button stays in sight below many people', async () => {
  const newcomer = await app.parley.person('nora')
  const names = Array.from({ length: 12 }, (_, index) => `friend${index}`)
  await Promise.all(names.map((name) => app.parley.person(name)))
  const page = await app.open(newcomer, { viewport: { width: 800, height: 520 } })
  await page.getByRole('button', { name: 'Start a conversation' }).click()
  const sheet = page.getByRole('dialog')
  for (const name of names) {
    await sheet.getByLabel('Someone else, by their user name').fill(name)
    await sheet.getByRole('button', { name: 'Add' }).click()
  }
  await sheet.getByLabel('Name of the group').fill('Old friends')
  await sheet.getByText('friend0', { exact: true }).scrollIntoViewIfNeeded()
  const create = sheet.getByRole('button', { name: 'Create group' })
  const [button, dialog] = await Promise.all([create.boundingBox(), sheet.boundingBox()])
  if (button === null || dialog === null) throw new Error('Both are visible')
  expect(button.y + button.height).toBeLessThan(dialog.y + dialog.height)
  await create.click()
  await expect.poll(() => page.locator('.chat-header').innerText()).toContain('13 members')
})
