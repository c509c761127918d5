import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { freePort } from '../../harness/network/free-port.ts'
import { connect, createTestDatabase } from '../../harness/servers/database.ts'
import { killWithTestRun } from '../../harness/servers/reaper.ts'

const CLI = createRequire(import.meta.url).resolve('prisma/build/index.js')

type Running = Readonly<{ child: ChildProcess; output: () => string }> & AsyncDisposable

/** Runs the Prisma command line of this project. */
function prisma(args: readonly string[], databaseUrl: string | undefined): Running {
  const { DATABASE_URL: _, ...env } = process.env
  const child = spawn(process.execPath, [CLI, ...args], {
    env: {
      ...env,
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      NO_COLOR: '1',
      ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    },
  })
  killWithTestRun(child)
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line))
  return {
    child,
    output: () => lines.join('\n'),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

test('prisma studio connects to the database that DATABASE_URL names', async () => {
  await using database = await createTestDatabase()
  await using direct = await connect(database.url)
  await direct.client.query(`INSERT INTO users (id, name, claims_issued_at) VALUES ('alice', 'Alice', now())`)
  const port = String(await freePort())
  await using studio = prisma(['studio', '--browser', 'none', '--port', port], database.url)
  await expect.poll(studio.output, { timeout: 20_000 }).toContain('Prisma Studio is running')
  const response = await fetch(`http://localhost:${port}/bff`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ procedure: 'query', query: { sql: 'SELECT name FROM users', parameters: [] } }),
  })
  expect(await response.json()).toEqual([null, [{ name: 'Alice' }]])
})

test('prisma validate needs no DATABASE_URL', async () => {
  await using validation = prisma(['validate'], undefined)
  const [code] = (await once(validation.child, 'exit')) as [number | null]
  expect(validation.output()).toContain('is valid')
  expect(code).toBe(0)
})
