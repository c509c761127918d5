import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { sendFiles, upload } from '../../../test/harness/people/files.ts'
import { newestTick, openChat, problemsIn, send, startApp, type TestApp, texts } from './app.ts'
import { isSharp, pastePicture } from './pictures.ts'

const DELETE = 'mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { message { id } } }'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ media: 'folder' })
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

/** Answers the bytes after the first part of each upload only once `release` is called. */
async function holdSecondPart(page: Page) {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  let reach = (): void => undefined
  const reached = new Promise<void>((resolve) => (reach = resolve))
  await page.route('**/media/upload/**', async (route) => {
    const offset = Number(route.request().headers()['upload-offset'] ?? 0)
    if (route.request().method() === 'PATCH' && offset > 0) {
      reach()
      await released
    }
    await route.continue().catch(() => undefined)
  })
  return { reached, release }
}

/** The room between the size of the only file of a message and the time beside it, in pixels. */
function gapToTime(file: Locator): Promise<number> {
  return file.evaluate((element) => {
    const size = new Range()
    size.selectNodeContents(element.querySelector('.file-size') as Element)
    const time = element.parentElement?.querySelector('time') as Element
    return time.getBoundingClientRect().left - size.getBoundingClientRect().right
  })
}

test('a pasted picture goes with its caption, and opens in the gallery of the other person', async () => {
  const [alice, bob] = await Promise.all([app.parley.person('alice'), app.parley.person('bob')])
  await bob.send(await alice.startChat(bob), 'How was it?')
  const page = await app.open(alice)
  await openChat(page, 'Bob')
  await pastePicture(page, { name: 'sunset.png' })
  await page.getByRole('textbox', { name: 'Describe sunset.png' }).fill('A red sky over the lake')
  expect(await problemsIn(page)).toEqual([])
  await send(page, 'At the lake')
  await expect.poll(() => page.getByRole('list', { name: 'Files to send' }).count()).toBe(0)
  await expect.poll(() => newestTick(page)).toBe('Sent')

  const other = await app.open(bob)
  const row = other.getByRole('navigation').getByRole('button', { name: 'Alice' })
  await expect.poll(() => row.innerText()).toContain('At the lake')
  await openChat(other, 'Alice')
  await expect.poll(() => texts(other)).toEqual(['How was it?', 'At the lake'])
  const picture = other.locator('.picture img')
  await expect.poll(() => isSharp(picture)).toBe(true)
  expect(await picture.getAttribute('srcset')).toMatch(/320w, .* 1280w$/)
  const box = await picture.boundingBox()
  expect((box?.width ?? 0) / (box?.height ?? 1)).toBeCloseTo(640 / 480, 1)
  expect(await problemsIn(other)).toEqual([])

  await other.getByRole('button', { name: 'Open photo A red sky over the lake' }).click()
  const gallery = other.getByRole('dialog', { name: 'Photos and videos' })
  expect(await gallery.innerText()).toContain('At the lake')
  await expect.poll(() => isSharp(gallery.getByRole('img', { name: 'A red sky over the lake' }))).toBe(true)
  expect(await problemsIn(other)).toEqual([])
  await other.keyboard.press('Escape')
  await expect.poll(() => gallery.count()).toBe(0)
  expect(await other.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
    'Open photo A red sky over the lake',
  )
  expect(app.errors).toEqual([])
})

test('the connection is lost at half of an upload, and the picture arrives once it is back', async () => {
  const [carol, dave] = await Promise.all([app.parley.person('carol'), app.parley.person('dave')])
  await dave.send(await carol.startChat(dave), 'Show me')
  const [hers, his] = await Promise.all([app.open(carol), app.open(dave)])
  await Promise.all([openChat(hers, 'Dave'), openChat(his, 'Carol')])
  const upload = await holdSecondPart(hers)
  await pastePicture(hers, { name: 'noise.png', width: 1500, height: 1200 }, true)
  await hers.getByRole('textbox', { name: 'Message' }).press('Enter')
  await upload.reached
  const ring = hers.getByRole('button', { name: 'Cancel upload' })
  await expect
    .poll(async () => Number.parseInt((await ring.getAttribute('title')) ?? '', 10))
    .toBeGreaterThan(40)
  await expect.poll(() => isSharp(hers.locator('.picture img'))).toBe(true)
  await hers.context().setOffline(true)
  upload.release()
  await expect.poll(() => hers.locator('.banner').innerText()).toContain('You are offline')
  expect(await newestTick(hers)).toBe('Waiting to be sent')
  expect(await his.locator('.picture').count()).toBe(0)

  await hers.context().setOffline(false)
  await expect.poll(() => isSharp(his.locator('.picture img')), { timeout: 30_000 }).toBe(true)
  await expect.poll(() => newestTick(hers)).toBe('Read')
  expect(await ring.count()).toBe(0)
  expect(await hers.locator('.picture').count()).toBe(1)
})

test('a page that is reloaded in the middle of an upload shows the picture and goes on', async () => {
  const [erin, frank] = await Promise.all([app.parley.person('erin'), app.parley.person('frank')])
  const chatId = await erin.startChat(frank)
  await frank.send(chatId, 'Show me')
  const page = await app.open(erin)
  await openChat(page, 'Frank')
  const upload = await holdSecondPart(page)
  await pastePicture(page, { name: 'noise.png', width: 1500, height: 1200 }, true)
  await send(page, 'Found it')
  await upload.reached
  await page.reload()
  await expect.poll(() => isSharp(page.locator('.picture img'))).toBe(true)
  expect(await newestTick(page)).toBe('Waiting to be sent')
  upload.release()
  await expect.poll(() => newestTick(page), { timeout: 30_000 }).toBe('Sent')
  const { messages } = await frank.fetchChat(chatId)
  expect(messages.edges.map(({ node }) => node.body)).toEqual(['Show me', 'Found it'])
})

test('an upload is cancelled, and the text after it is sent', async () => {
  const [grace, heidi] = await Promise.all([app.parley.person('grace'), app.parley.person('heidi')])
  const chatId = await grace.startChat(heidi)
  await heidi.send(chatId, 'Show me')
  const page = await app.open(grace)
  await openChat(page, 'Heidi')
  const upload = await holdSecondPart(page)
  await pastePicture(page, { name: 'noise.png', width: 1500, height: 1200 }, true)
  await page.getByRole('textbox', { name: 'Message' }).press('Enter')
  await upload.reached
  await send(page, 'Just text')
  await page.getByRole('button', { name: 'Cancel upload' }).click()
  await expect.poll(() => newestTick(page)).toBe('Sent')
  expect(await page.locator('.picture').count()).toBe(0)
  const { messages } = await heidi.fetchChat(chatId)
  expect(messages.edges.map(({ node }) => node.body)).toEqual(['Show me', 'Just text'])
})

test('files are chosen and dropped, a file that is too large says so, and downloads keep their names', async () => {
  const [ivan, judy] = await Promise.all([app.parley.person('ivan'), app.parley.person('judy')])
  await judy.send(await ivan.startChat(judy), 'The papers?')
  const page = await app.open(ivan)
  await openChat(page, 'Judy')
  await page.locator('input[type=file]').setInputFiles([
    { name: 'report.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4') },
    { name: 'film.mov', mimeType: 'video/quicktime', buffer: Buffer.alloc(10_100_000, 1) },
  ])
  const tray = page.getByRole('list', { name: 'Files to send' })
  await expect.poll(() => tray.getByRole('listitem').count()).toBe(2)
  await page.getByRole('button', { name: 'Send' }).click()
  const failure = page.locator('.failure')
  await expect.poll(() => failure.innerText()).toContain('film.mov is larger than')
  await failure.getByRole('button', { name: 'Discard' }).click()
  await expect.poll(() => page.locator('.file').count()).toBe(0)

  await page.evaluate(() => {
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File(['%PDF-1.4'], 'report.pdf', { type: 'application/pdf' }))
    const place = document.querySelector('.messages')
    for (const type of ['dragover', 'drop'])
      place?.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))
  })
  await expect.poll(() => tray.innerText()).toContain('report.pdf')
  await page.getByRole('button', { name: 'Remove report.pdf' }).click()
  expect(await tray.count()).toBe(0)
  await page
    .locator('input[type=file]')
    .setInputFiles([{ name: 'report.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4') }])
  await page.getByRole('button', { name: 'Send' }).click()
  const link = page.getByRole('link', { name: 'report.pdf' })
  await link.waitFor()
  expect(await link.getAttribute('download')).toBe('report.pdf')
  expect(await gapToTime(link)).toBeGreaterThan(0)
  const row = page.getByRole('navigation').getByRole('button', { name: 'Judy' })
  await expect.poll(() => row.innerText()).toContain('report.pdf')
})

test('a voice message is recorded, sent and played', async () => {
  const [kim, leo] = await Promise.all([app.parley.person('kim'), app.parley.person('leo')])
  await leo.send(await kim.startChat(leo), 'Call me')
  const page = await app.open(kim)
  await page.context().grantPermissions(['microphone'])
  await openChat(page, 'Leo')
  await page.getByRole('button', { name: 'Record a voice message' }).click()
  await expect.poll(() => page.getByRole('timer').innerText()).toMatch(/0:0[2-9]/)
  expect(await problemsIn(page)).toEqual([])
  await page.getByRole('button', { name: 'Send the recording' }).click()
  await expect.poll(() => newestTick(page)).toBe('Sent')

  const other = await app.open(leo)
  const row = other.getByRole('navigation').getByRole('button', { name: 'Kim' })
  await expect.poll(() => row.innerText()).toContain('Voice message')
  await openChat(other, 'Kim')
  await expect.poll(() => other.locator('.audio .file-size').innerText()).toMatch(/0:0[1-9]/)
  const isHeard = other.locator('audio').evaluate(
    (audio: HTMLAudioElement) =>
      new Promise<boolean>((resolve) => {
        audio.addEventListener('timeupdate', () => {
          if (!audio.paused && audio.currentTime > 0.2) resolve(true)
        })
      }),
  )
  await other.getByRole('button', { name: 'Play voice message' }).click()
  expect(await isHeard).toBe(true)

  // A recording of a browser that does not write its length: the player reads it to its end first.
  const address = await other.locator('audio').getAttribute('src')
  const recording = Buffer.from(await (await fetch(address ?? '')).arrayBuffer())
  const unmeasured = await upload(kim, withoutDuration(recording), {
    fileName: 'recording.webm',
    contentType: 'audio/webm',
  })
  await sendFiles(kim, await kim.startChat(leo), [unmeasured])
  const lengths = () => other.locator('.audio .file-size').allInnerTexts()
  await expect.poll(lengths).toEqual([expect.stringMatching(/0:0[1-9]/), expect.stringMatching(/0:0[1-9]/)])
  expect(await problemsIn(other)).toEqual([])
})

test('the gallery goes through the pictures of the conversation with the keyboard, in both directions', async () => {
  const [mia, ned] = await Promise.all([app.parley.person('mia'), app.parley.person('ned')])
  await ned.send(await mia.startChat(ned), 'Show me')
  const page = await app.open(mia, {
    script: `localStorage.setItem('parley:appearance', '{"direction":"rtl"}')`,
  })
  await openChat(page, 'Ned')
  for (const name of ['one.png', 'two.png']) await pastePicture(page, { name })
  await page.getByRole('textbox', { name: 'Message' }).press('Enter')
  await expect.poll(() => newestTick(page)).toBe('Sent')
  await page.getByRole('button', { name: 'Open photo one.png' }).click()
  const title = page.locator('.gallery-title')
  await expect.poll(() => title.innerText()).toContain('1 of 2')
  await page.keyboard.press('ArrowLeft')
  await expect.poll(() => title.innerText()).toContain('2 of 2')
  await page.locator('.gallery-slide:not([inert]) button').press('Enter')
  await expect.poll(() => page.locator('.gallery-slide[data-large=true]').count()).toBe(1)
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => title.innerText()).toContain('1 of 2')
  for (let tab = 0; tab < 6; tab += 1) await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.closest('.gallery') !== null)).toBe(true)
})

test('the gallery stays open when the upload of its picture ends, and closes when the picture is deleted', async () => {
  const [quinn, rosa] = await Promise.all([app.parley.person('quinn'), app.parley.person('rosa')])
  const chatId = await quinn.startChat(rosa)
  await rosa.send(chatId, 'Show me')
  const page = await app.open(quinn)
  await openChat(page, 'Rosa')
  const upload = await holdSecondPart(page)
  await pastePicture(page, { name: 'noise.png', width: 1500, height: 1200 }, true)
  await page.getByRole('textbox', { name: 'Message' }).press('Enter')
  await upload.reached
  // Beside the ring in its middle, which cancels the upload.
  await page.getByRole('button', { name: 'Open photo noise.png' }).click({ position: { x: 20, y: 20 } })
  // Without one that is about to close.
  const picture = page.locator('.gallery:not([data-exiting]) .gallery-slide img')
  await expect.poll(() => isSharp(picture)).toBe(true)
  upload.release()
  await expect.poll(() => newestTick(page), { timeout: 30_000 }).toBe('Sent')
  await expect.poll(() => picture.getAttribute('src')).toMatch(/^http.*\/1280\?/)
  await expect.poll(() => isSharp(picture)).toBe(true)

  const { messages } = await quinn.fetchChat(chatId)
  const input = { messageId: messages.edges.at(-1)?.node.id }
  await quinn.run(DELETE, { input })
  await expect.poll(() => page.locator('.gallery').count()).toBe(0)
})

test('the gallery loads only the pictures beside the one that it shows', async () => {
  const [sam, tess] = await Promise.all([app.parley.person('sam'), app.parley.person('tess')])
  await tess.send(await sam.startChat(tess), 'Show me')
  const page = await app.open(sam)
  await openChat(page, 'Tess')
  for (const place of [1, 2, 3, 4, 5]) await pastePicture(page, { name: `${place}.png` })
  await page.getByRole('textbox', { name: 'Message' }).press('Enter')
  await expect.poll(() => newestTick(page), { timeout: 30_000 }).toBe('Sent')
  await page.getByRole('button', { name: 'Open photo 1.png' }).click()
  const loaded = (): Promise<readonly (string | null)[]> =>
    page
      .locator('.gallery-slide img')
      .evaluateAll((pictures) => pictures.map((picture) => picture.getAttribute('alt')))
  await expect.poll(loaded).toEqual(['1.png', '2.png'])
  for (const expected of [
    ['1.png', '2.png', '3.png'],
    ['2.png', '3.png', '4.png'],
  ]) {
    await page.getByRole('button', { name: 'Next' }).click()
    await expect.poll(loaded).toEqual(expected)
  }
})

test('without uploads on the server there is nothing to attach', async () => {
  await using plain = await startApp()
  const [olga, pete] = await Promise.all([plain.parley.person('olga'), plain.parley.person('pete')])
  await pete.send(await olga.startChat(pete), 'Hello')
  const page = await plain.open(olga)
  await openChat(page, 'Pete')
  await send(page, 'Hello')
  await expect.poll(() => newestTick(page)).toBe('Sent')
  expect(await page.getByRole('button', { name: 'Attach files' }).count()).toBe(0)
  expect(await page.getByRole('button', { name: 'Send' }).count()).toBe(1)
})

/** Makes the element Duration of a WebM file one without meaning (Void), with the same number of bytes. */
function withoutDuration(webm: Buffer): Buffer {
  const at = webm.indexOf(Buffer.from([0x44, 0x89]))
  const bytes = Buffer.from(webm)
  bytes[at] = 0xec
  bytes[at + 1] = (webm[at + 2] ?? 0) + 1
  return bytes
}
