import { expect, inject, test, vi } from 'vitest'
import { reachDatabase } from '../../../src/store/reach-database.ts'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { parley } from '../../unit/cli/terminal.ts'
import { startGateway } from '../transport/gateway.ts'
import { temporaryFolder } from './program.ts'

/** The default ports may be in use on this machine. */
const ANY_PORT = { PORT: '0', ADMIN_PORT: 'off' }

test('applies migrations once; the doctor then reports no problem', async () => {
  await using folder = await temporaryFolder()
  const env = { ...ANY_PORT, DATA_DIR: folder.path }
  const before = await parley(['doctor'], env)
  expect(before.code).toBe(0)
  expect(before.printed).toContain(
    `✓ the embedded database will be created in ${folder.path} at the first start`,
  )
  const first = await parley(['migrate'], env)
  expect(first.code).toBe(0)
  expect(first.printed).toMatch(/^applied \d{14}_\w+/)
  expect(await parley(['migrate'], env)).toEqual({
    code: 0,
    printed: 'Nothing to do: the database has every migration.',
    noticed: '',
  })
  const after = await parley(['doctor'], env)
  expect(after.code).toBe(0)
  expect(after.printed).toContain('✓ every migration is applied')
  expect(after.printed).not.toMatch(/^[✗!]/m)
})

test('the doctor checks an embedded database that a gateway uses; migrating it is refused', async () => {
  await using folder = await temporaryFolder()
  await using _instance = await startEmbeddedPostgres({ dataDir: folder.path })
  const { code, printed } = await parley(['doctor'], { ...ANY_PORT, DATA_DIR: folder.path })
  expect(code).toBe(0)
  expect(printed).toContain(`✓ the embedded database in ${folder.path} is running`)
  expect(printed).toContain('! not applied yet:')
  const { code: refused, noticed } = await parley(['migrate'], { DATA_DIR: folder.path })
  expect(refused).toBe(1)
  expect(noticed).toContain('Another Parley is running on the data in')
})

test('the doctor checks the database in DATABASE_URL', async () => {
  const { code, printed } = await parley(['doctor'], { ...ANY_PORT, DATABASE_URL: inject('postgresUrl') })
  expect(code).toBe(0)
  for (const line of [
    '✓ the database can be reached',
    '✓ PostgreSQL 18',
    '✓ sessions use UTC',
    '✓ it is the primary',
  ]) {
    expect(printed).toContain(line)
  }
})

test('the doctor reports an unreachable database with a hint and without its password, and exits with 1', async () => {
  const { port } = new URL(inject('postgresUrl'))
  const wrong = await parley(['doctor'], {
    ...ANY_PORT,
    DATABASE_URL: `postgres://alice:hush@127.0.0.1:${port}/parley`,
  })
  expect(wrong.code).toBe(1)
  expect(wrong.printed).toContain("✗ the database can't be reached: password authentication failed")
  expect(wrong.printed).toContain('The server refuses the user')
  const gone = await parley(['doctor'], {
    ...ANY_PORT,
    DATABASE_URL: 'postgres://alice:hush@127.0.0.1:1/parley',
  })
  expect(gone.code).toBe(1)
  expect(gone.printed).toContain('Nothing listens there')
  expect(wrong.printed + gone.printed).not.toContain('hush')
})

test('a wrong password is reported after one attempt, also with several hosts', async () => {
  const { port } = new URL(inject('postgresUrl'))
  const { logger, lines } = captureLog()
  const refusing = `127.0.0.1:${port}`
  const reach = (hosts: string) =>
    reachDatabase(`postgres://alice:hush@${hosts}/parley`, { retryForMs: 1_000, logger })
  await expect(reach(`${refusing},${refusing}`)).rejects.toThrow('The server refuses the user')
  expect(lines).toEqual([])
  // The host that is away may be the one that accepts the user.
  await expect(reach(`${refusing},127.0.0.1:1`)).rejects.toThrow("can't be reached")
  expect(lines).toMatchObject([{ msg: 'database is not reachable; retrying' }])
})

test('the doctor lists mistakes in the environment and stops', async () => {
  const { code, printed } = await parley(['doctor'], { PORT: 'x', DATABSE_URL: 'y' })
  expect(code).toBe(1)
  expect(printed.match(/^✗ the environment\n {2}\w+/gm)).toHaveLength(2)
  expect(printed).not.toContain('database can be reached')
})

test('migrate reports an unreachable database at once, with a hint', async () => {
  const { code, noticed } = await parley(['migrate'], { DATABASE_URL: 'postgres://alice:hush@127.0.0.1:1/x' })
  expect([code, noticed]).toEqual([
    1,
    "The database can't be reached: connect ECONNREFUSED 127.0.0.1:1. Nothing listens there: start the server, or correct host and port in DATABASE_URL.",
  ])
})

test('reachDatabase gives up after its time, and logs each distinct problem once', async () => {
  const warn = vi.fn<(fields: unknown, text?: string) => void>()
  const reaching = reachDatabase('postgres://127.0.0.1:1/x', { retryForMs: 600, logger: { warn } })
  await expect(reaching).rejects.toThrow(/^The database can't be reached: .*\. Nothing listens there/)
  expect(warn).toHaveBeenCalledTimes(1)
  expect(warn).toHaveBeenCalledWith(
    expect.objectContaining({ retryForMs: 600 }),
    'database is not reachable; retrying',
  )
})

test('the doctor distinguishes a port taken by Parley from one taken by another program', async () => {
  await using gateway = await startGateway()
  const env = { DATABASE_URL: inject('postgresUrl'), PORT: new URL(gateway.url).port, ADMIN_PORT: '0' }
  const beside = await parley(['doctor'], env)
  expect(beside.code).toBe(0)
  expect(beside.printed).toContain(`! port ${env.PORT} is taken by a Parley that is already running (PORT)`)
  expect(beside.printed).toContain('✓ ADMIN_PORT is any free port')
  const { port } = new URL(inject('postgresUrl'))
  const other = await parley(['doctor'], { ...env, PORT: '0', ADMIN_PORT: port })
  expect(other.code).toBe(1)
  expect(other.printed).toContain(
    `✗ Port ${port} is taken (ADMIN_PORT)\n  Stop the program that listens on it`,
  )
})
