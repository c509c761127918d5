// Scrolling through 10,000 messages: npm run bench:scroll. Opens the chat app in Chromium, and scrolls from the newest
// message to the oldest while pages are loaded, and back through all of them. Prints the main thread's work per frame.
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { issueToken } from '../../src/auth/issue-token.ts'
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts'
import { migrate } from '../../src/store/migrations/migrate.ts'
import { startBrowser } from '../../test/harness/people/browser.ts'
import { Person } from '../../test/harness/people/person.ts'
import { startGateway } from '../peak/gateway.ts'
import { type Frames, percentile, traceFrames } from './frames.ts'

const SECRET = 'a secret for the bench, of thirty-two bytes and more'
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MESSAGES = 10_000
/** Sends under way at a time. */
const PARALLEL = 20
/** Pixels per turn of the wheel: a fast scroll. */
const TURN = 600
/** At most 16 ms of work per frame leave a screen of 60 Hz its frames. */
const BUDGET_MS = 16

const TEXTS = [
  'Yes.',
  'I will be there at ten, after the train from Basel.',
  'The first draft is done. It has three parts: what we want, what it costs, and when it can start. Please read it before Friday.',
  'Have you seen https://example.com/notes ?',
  '👍',
]

async function fill(url: string): Promise<string> {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(signIn))
  if (alice === undefined || bob === undefined) throw new Error('Two people')
  const chatId = await alice.startChat(bob)
  for (let sent = 0; sent < MESSAGES; sent += PARALLEL) {
    const senders = Array.from({ length: PARALLEL }, (_, n) => ((sent + n) % 3 === 0 ? alice : bob))
    await Promise.all(senders.map((one, n) => one.send(chatId, TEXTS[(sent + n) % TEXTS.length] ?? '')))
  }
  await alice.markRead(chatId, MESSAGES)
  const { token } = alice
  await Promise.all([alice, bob].map((person) => person[Symbol.asyncDispose]()))
  return token

  async function signIn(name: string): Promise<Person> {
    const token = await issueToken(SECRET, { subject: name, name })
    const person = new Person({ url, token, name })
    await person.run('{ viewer { id } }')
    return person
  }
}

/** Turns the wheel until the list is at its end in this direction, for as long as pages are loaded. */
async function scroll(page: Page, direction: -1 | 1): Promise<void> {
  const list = page.getByRole('list', { name: 'Messages' })
  await list.hover()
  for (let still = 0; still < 30;) {
    const before = await list.evaluate((element) => element.scrollTop)
    await page.mouse.wheel(0, direction * TURN)
    const after = await list.evaluate(
      (element) =>
        new Promise<number>((resolve) => {
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(element.scrollTop)))
        }),
    )
    still = after === before ? still + 1 : 0
  }
}

function report(name: string, { workMs, longTasks }: Frames): void {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(workMs, share).toFixed(1))
  const over = workMs.filter((ms) => ms > BUDGET_MS).length
  console.log(
    `| ${name} | ${workMs.length} | ${p50} ms | ${p95} ms | ${p99} ms | ${Math.max(...workMs).toFixed(1)} ms | ${over} | ${longTasks} |`,
  )
}

await using resources = new AsyncDisposableStack()
execFileSync('npm', ['run', '-s', 'build:app', '--', '--logLevel', 'error'], { cwd: ROOT, stdio: 'inherit' })
const dataDir = await mkdtemp(join(tmpdir(), 'parley-scroll-'))
resources.defer(() => rm(dataDir, { recursive: true, force: true }))
const database = await startEmbeddedPostgres({ dataDir })
resources.defer(() => database.stop())
await migrate({ url: database.url })
const gateway = resources.use(
  await startGateway({ databaseUrl: database.url, secret: SECRET, hasLevels: false, env: { WEB_APP: 'on' } }),
)
process.stderr.write(`Sending ${MESSAGES} messages.\n`)
const token = await fill(gateway.url)

const browser = await startBrowser()
resources.defer(() => browser.close())
const page = await browser.newPage({ viewport: { width: 1100, height: 760 } })
await page.goto(`${new URL(gateway.url).origin}/#token=${token}`)
await page.getByRole('navigation').getByRole('button', { name: 'bob' }).click()
await page.locator('.message').last().waitFor()
const cdp = await page.context().newCDPSession(page)
const up = await traceFrames(cdp, () => scroll(page, -1))
const down = await traceFrames(cdp, () => scroll(page, 1))
console.log('| scrolling | frames | p50 | p95 | p99 | most | over 16 ms | long tasks |')
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |')
report('up, loading pages', up)
report('down, all loaded', down)
const isSmooth = [up, down].every(({ workMs }) => percentile(workMs, 0.99) <= BUDGET_MS)
if (!isSmooth) {
  console.error(`More than one frame of a hundred took over ${BUDGET_MS} ms.`)
  process.exitCode = 1
}
