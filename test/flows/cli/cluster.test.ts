import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { SEND_MESSAGE } from '../../harness/people/documents.ts'
import { ensureNginx } from '../../harness/servers/nginx.ts'
import type { ApiResponse, Person } from '../../harness/people/person.ts'
import { dashboardMetrics } from '../../unit/deploy/dashboard.ts'
import { type ClusterProgram, isRunning, startClusterProgram } from './cluster-program.ts'
import { temporaryFolder } from './program.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'scripts', 'cluster.ts')
const TIMEOUT_MS = 120_000

/** Retries with the same key: a gateway that died during the request may have stored the message. */
async function sendWithRetries(sender: Person, chatId: string, body: string): Promise<void> {
  const variables = { input: { chatId, body, clientMessageId: randomUUID() } }
  for (;;) {
    const { errors } = await sender.post(SEND_MESSAGE, variables).catch(cutOff)
    if (errors === undefined) return
    if (!errors.every(({ extensions }) => extensions.retryable)) throw new Error(JSON.stringify(errors))
  }
}

/** The small proxy closes the connection. A response that is not the API's is a failure. */
function cutOff(error: unknown): ApiResponse<never> {
  if (!(error instanceof TypeError)) throw error
  return { errors: [{ message: error.message, extensions: { code: 'CUT_OFF', retryable: true } }] }
}

/** The database of a killed gateway keeps running. Adopts it and stops it. */
async function stopLeftDatabase(dataDir: string): Promise<void> {
  const database = await startEmbeddedPostgres({ dataDir })
  await database.stop()
}

/**
 * Alice and bob chat through one address, and continue after one of their gateways is killed. Returns the number of
 * WebSockets on each gateway before that.
 */
async function survivesKilledGateway(cluster: ClusterProgram): Promise<readonly (number | undefined)[]> {
  const [alice, bob] = [cluster.person('alice'), cluster.person('bob')]
  await bob.run('{ viewer { id } }')
  const chat = await alice.startChat(bob)
  using atAlice = alice.inbox('phone')
  await atAlice.caughtUp()
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()

  await alice.sendOverSocket(chat, 'Hello Bob')
  await bob.sendOverSocket(chat, 'Hello Alice')
  await Promise.all([atAlice.reaches(chat, 2), atBob.reaches(chat, 2)])

  const before = await cluster.connections()
  const victim = cluster.gateways[before.findIndex((count) => count !== undefined && count > 0)]
  if (victim === undefined) throw new Error('no gateway has a connection')
  process.kill(victim.pid, 'SIGKILL')
  const bodies = Array.from({ length: 20 }, (_, index) => `message ${index}`)
  for (const body of bodies) await sendWithRetries(alice, chat, body)
  await Promise.all([atAlice.reaches(chat, 22), atBob.reaches(chat, 22)])
  for (const stream of [atAlice, atBob]) {
    expect(stream.bodies(chat)).toEqual(['Hello Bob', 'Hello Alice', ...bodies])
  }
  await cluster.lines.match((line) => line.includes(`${victim.name} is back`), TIMEOUT_MS)
  return before
}

test(
  'loses nothing behind one address if the gateway of alice or bob is killed',
  async () => {
    ensureNginx()
    await using cluster = await startClusterProgram('--gateways', '2')
    expect(cluster.lines.all.join('\n')).toMatch(/In front +nginx/)
    expect(await survivesKilledGateway(cluster)).toEqual([1, 1])
    expect(await cluster.end('SIGTERM')).toBe(0)
    expect(cluster.pids.filter(isRunning)).toEqual([])
    expect(cluster.lines.all.at(-1)).toBe('Stopped.')
  },
  TIMEOUT_MS,
)

test(
  'uses a small proxy if nginx is not installed',
  async () => {
    await using cluster = await startClusterProgram('--gateways', '2', '--without-nginx')
    expect(cluster.lines.all.join('\n')).toContain('a small TCP proxy')
    await survivesKilledGateway(cluster)
  },
  TIMEOUT_MS,
)

test(
  'leaves only the database running if it is killed itself',
  async () => {
    await using cluster = await startClusterProgram('--gateways', '1')
    await cluster.end('SIGKILL')
    await expect.poll(() => cluster.pids.filter(isRunning), { timeout: 10_000 }).toEqual([])
    await stopLeftDatabase(cluster.folder)
  },
  TIMEOUT_MS,
)

test(
  'serves every metric of the dashboard',
  async () => {
    await using cluster = await startClusterProgram('--gateways', '1')
    const page = await (await fetch(cluster.gateways[0]?.metricsUrl ?? '')).text()
    const served = new Set([...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
    expect([...(await dashboardMetrics())].filter((name) => !served.has(name))).toEqual([])
  },
  TIMEOUT_MS,
)

test('says what to install if redis-server is missing', async () => {
  await using folder = await temporaryFolder()
  const child = spawn(process.execPath, [SCRIPT, '--port', '0', '--data-dir', folder.path], {
    env: { PATH: '/nonexistent' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number]>])
  expect(code).toBe(1)
  expect(stderr).toContain('apt-get install redis-server')
})
