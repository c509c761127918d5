import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { startBrowser } from '../../test/harness/people/browser.ts'
import { quantile } from '../measure/statistics.ts'
import { markdown } from '../report/markdown.ts'
import { startGateway } from '../servers/gateway.ts'
import { SECRET, startPlace } from '../servers/place.ts'
import type { Subject } from '../subjects/subject.ts'
import { HERE } from '../targets/parley.ts'
import { createConversation, OLDEST } from './conversation.ts'
import { type Frames, traceFrames } from './frames.ts'

/*
 * Scrolls the chat app through a long conversation in Chromium: from the newest message to the oldest while older ones
 * are loaded, and back through all of them. Work of at most 16 ms leaves a screen of 60 Hz each of its frames.
 */

const MESSAGES = 10_000
/** Pixels per turn of the wheel: a fast scroll. */
const TURN = 600
const BUDGET_MS = 16
/** Turns without effect after which the list is at its end: a page of older messages may be on its way. */
const STILL_TURNS = 30

const HEAD = ['scrolling', 'frames', 'p50, ms', 'p95, ms', 'p99, ms', 'most, ms', 'over 16 ms', 'long tasks']

export const scroll: Subject = {
  name: 'scroll',
  summary: "scrolling the chat app through 10,000 messages: the main thread's work per frame (two minutes)",
  isLong: true,
  async run({ out, messages: [messages = MESSAGES] = [] }) {
    const rows = await measure(messages)
    const text = `# scroll: ${messages} messages\n\n${markdown([HEAD, ...rows])}`
    await mkdir(out, { recursive: true })
    await writeFile(join(out, 'scroll.md'), `${text}\n`)
    return text
  },
}

async function measure(messages: number): Promise<readonly (readonly string[])[]> {
  await buildApp()
  await using resources = new AsyncDisposableStack()
  const place = resources.use(await startPlace())
  const databaseUrl = await place.createDatabase('scroll')
  const gateway = resources.use(
    await startGateway({
      name: 'gateway',
      root: HERE,
      databaseUrl,
      secret: SECRET,
      folder: place.folder,
      env: { WEB_APP: 'on' },
    }),
  )
  const origin = `http://127.0.0.1:${gateway.port}`
  const token = await createConversation(`${origin}/graphql`, databaseUrl, messages)
  const browser = resources.use(await startBrowser())
  const page = await browser.newPage({ viewport: { width: 1_100, height: 760 } })
  await page.goto(`${origin}/#token=${token}`)
  await page.getByRole('navigation').getByRole('button', { name: 'bob' }).click()
  await page.locator('.message').last().waitFor()
  const cdp = await page.context().newCDPSession(page)
  const up = await traceFrames(cdp, () => scrollToEnd(page, -1))
  await page.getByRole('list', { name: 'Messages' }).getByText(OLDEST).waitFor()
  const down = await traceFrames(cdp, () => scrollToEnd(page, 1))
  return [rowOf('up, while older messages load', up), rowOf('down, through all of them', down)]
}

/** Builds the app as it is published: with `NODE_ENV` of a test, React would be built for development. */
async function buildApp(): Promise<void> {
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js')
  const args = [vite, 'build', join(HERE, 'apps', 'chat'), '--logLevel', 'error']
  await promisify(execFile)(process.execPath, args, { env: { ...process.env, NODE_ENV: 'production' } })
}

/** Turns the wheel until the list is at its end in this direction, for as long as messages are loaded. */
async function scrollToEnd(page: Page, direction: -1 | 1): Promise<void> {
  const list = page.getByRole('list', { name: 'Messages' })
  await list.hover()
  // A handle: looking the list up by its role at each turn would be work of the main thread as well.
  const element = await list.elementHandle()
  for (let still = 0; still < STILL_TURNS;) {
    const before = await element.evaluate(({ scrollTop }) => scrollTop)
    await page.mouse.wheel(0, direction * TURN)
    const after = await element.evaluate(
      (scroller) =>
        new Promise<number>((resolve) => {
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(scroller.scrollTop)))
        }),
    )
    still = after === before ? still + 1 : 0
  }
}

function rowOf(name: string, { workMs, longTasks }: Frames): readonly string[] {
  const over = workMs.filter((ms) => ms > BUDGET_MS).length
  const figures = [0.5, 0.95, 0.99, 1].map((share) => quantile(workMs, share).toFixed(1))
  return [name, `${workMs.length}`, ...figures, `${over}`, `${longTasks}`]
}
