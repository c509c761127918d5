import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../../harness/servers/database.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { run, start, temporaryFolder } from './program.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const script = (name: string): string => join(ROOT, 'scripts', `${name}.ts`)

/** Runs `npm run dev` without npm. Disposing stops it. */
function startDev(env: Readonly<Record<string, string>>) {
  const child = start([], { cwd: ROOT, program: script('dev'), env: { ADMIN_PORT: 'off', ...env } })
  if (child.stdout === null || child.stderr === null) throw new Error('the output is not piped')
  const lines = new EventQueue<string>()
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on('line', (line) => lines.push(line))
  return {
    lines,
    async [Symbol.asyncDispose]() {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      await closed
    },
  }
}

test('"npm run dev" adds demo data to the gateway that it has started', async () => {
  await using folder = await temporaryFolder()
  await using database = await createTestDatabase()
  await using dev = startDev({ PORT: '0', DATA_DIR: folder.path, DATABASE_URL: database.url, WEB_APP: 'off' })
  await dev.lines.match((line) => line.startsWith('Done: 160 messages sent, 0 were there'), 60_000)
})

test('"npm run dev" sends nothing to another program on its port', async () => {
  await using folder = await temporaryFolder()
  const requests: (string | undefined)[] = []
  await using other = createServer((request, response) => {
    requests.push(request.url)
    response.end('{}')
  })
  other.listen(0, '0.0.0.0')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await using dev = startDev({ PORT: `${port}`, DATA_DIR: folder.path, WEB_APP: 'off' })
  await dev.lines.match((line) => line.includes(`Port ${port} is taken`), 60_000)
  expect(requests).toEqual([])
})

test.each(['dev', 'seed', 'cluster'])('"npm run %s -- --help" prints the help', async (name) => {
  const { code, stdout, stderr } = await run(['--help'], { cwd: ROOT, program: script(name) })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain(`Usage: npm run ${name}`)
})
