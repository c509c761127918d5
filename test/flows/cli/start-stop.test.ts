import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { expect, inject, test } from 'vitest'
import { createTestDatabase } from '../../harness/servers/database.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'
import { type Serving, programsWith, run, serve, temporaryFolder } from './program.ts'

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s stops the creation of the embedded database and leaves nothing behind',
  async (signal) => {
    await using folder = await temporaryFolder()
    await using instance = serve(folder.path, { DATA_DIR: folder.path })
    await expect
      .poll(() => programsWith(`${folder.path}/postgres.new-`), { interval: 20, timeout: 20_000 })
      .not.toEqual([])
    instance.child.kill(signal)
    expect(await instance.ended).toMatchObject({ code: 0, stderr: '' })
    expect(await programsWith(folder.path)).toEqual([])
    expect((await readdir(folder.path)).filter((name) => name.startsWith('postgres'))).toEqual([])
  },
)

test('a signal during start-up stops the gateway and its embedded database', async () => {
  await using folder = await temporaryFolder()
  await using instance = serve(folder.path, { DATA_DIR: folder.path })
  await instance.lines.match((line) => line.includes('embedded PostgreSQL is running'))
  expect(await programsWith(folder.path)).not.toEqual([])
  instance.child.kill('SIGTERM')
  const { code, stdout, stderr } = await instance.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).not.toContain('"ready"')
  expect(await programsWith(folder.path)).toEqual([])
})

/** Takes a port of the loopback address, as another program would. */
async function takePort(): Promise<AsyncDisposable & Readonly<{ port: number }>> {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')),
  }
}

test.each(['PORT', 'ADMIN_PORT'])('reports that %s is taken before it starts anything', async (name) => {
  await using folder = await temporaryFolder()
  await using taken = await takePort()
  const env = { DATA_DIR: folder.path, PORT: '0', ADMIN_PORT: 'off', [name]: `${taken.port}` }
  const ended = await run(['serve'], { cwd: folder.path, env })
  expect(ended).toEqual({
    code: 1,
    stdout: '',
    stderr: `Port ${taken.port} is taken. Stop the program that listens on it, perhaps another Parley, or set ${name} to another port.\n`,
  })
  expect((await readdir(folder.path)).filter((file) => file.startsWith('postgres'))).toEqual([])
})

test('reports a HOST that is not an address of this machine', async () => {
  await using folder = await temporaryFolder()
  const env = { DATA_DIR: folder.path, HOST: '192.0.2.1', ADMIN_PORT: 'off' }
  const { code, stderr } = await run(['serve'], { cwd: folder.path, env })
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('192.0.2.1 is not an address of this machine. Set HOST'),
  ])
})

/** Sends two signals, one right after the other, as Ctrl-C under npm does. Returns the log. */
async function interruptTwice({ child, lines, ended }: Serving): Promise<string> {
  child.kill('SIGINT')
  await lines.match((line) => line.includes('stopping'))
  child.kill('SIGINT')
  const { code, stdout, stderr } = await ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

test('waits for a database that starts later; a doubled Ctrl-C stops in order, and is logged once', async () => {
  await using folder = await temporaryFolder()
  await using database = await createTestDatabase()
  await using proxy = await startTcpProxy(database.url)
  proxy.cut()
  await using instance = serve(folder.path, { DATABASE_URL: proxy.url })
  const line = await instance.lines.match((text) => text.includes('database is not reachable; retrying'))
  expect(line).toContain('"retryForMs":15000')
  proxy.restore()
  await instance.lines.match((text) => text.includes('"ready"'))
  const log = await interruptTwice(instance)
  expect(log.match(/stopping/g)).toHaveLength(1)
  expect(log).toContain('"stopped"')
})

test('a signal ends the wait for a database', async () => {
  await using folder = await temporaryFolder()
  await using instance = serve(folder.path, { DATABASE_URL: 'postgres://alice:hush@127.0.0.1:1/parley' })
  await instance.lines.match((text) => text.includes('database is not reachable; retrying'))
  instance.child.kill('SIGTERM')
  expect(await instance.ended).toMatchObject({ code: 0, stderr: '' })
})

test('does not wait for a database that refuses the user, and says what to do', async () => {
  await using folder = await temporaryFolder()
  const url = new URL(inject('postgresUrl'))
  url.password = 'hush'
  const env = { DATABASE_URL: url.href, PORT: '0', ADMIN_PORT: 'off' }
  const { code, stdout, stderr } = await run(['serve'], { cwd: folder.path, env })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(
    /^The database can't be reached: password authentication failed .*\. The server refuses the user: .*\n$/,
  )
  expect(stderr).not.toContain('hush')
})

test.each(['npm start', 'npx parley serve'])(
  'SIGTERM to "%s" stops the gateway in order',
  async (command) => {
    await using folder = await temporaryFolder()
    await using instance = serve(folder.path, { DATA_DIR: folder.path }, { npmCommand: command })
    await instance.lines.match((line) => line.includes('"ready"'))
    instance.child.kill('SIGTERM')
    await instance.ended
    expect(instance.lines.all.join('\n')).toContain('"cause":"npm ended"')
    expect(instance.lines.all.at(-1)).toContain('"stopped"')
    expect(await programsWith(folder.path)).toEqual([])
  },
)
