import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pause } from '../../../src/lib/async.ts'
import { freePort } from '../network/free-port.ts'

/** PgBouncer in front of a server, in transaction mode: each transaction may use a different session. */
export type PgBouncer = AsyncDisposable & Readonly<{ url: string }>

export async function startPgBouncer(serverUrl: string): Promise<PgBouncer> {
  const target = new URL(serverUrl)
  const port = await freePort()
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-pgbouncer-'))
  const user = decodeURIComponent(target.username)
  const password = decodeURIComponent(target.password)
  await writeFile(path.join(folder, 'users.txt'), `"${user}" "${password}"\n`)
  await writeFile(path.join(folder, 'pgbouncer.ini'), configuration(folder, port, target))
  // PgBouncer refuses to run as root, so another user has to be able to read its files.
  for (const name of ['', 'users.txt', 'pgbouncer.ini']) await chmod(path.join(folder, name), 0o755)
  const isRoot = process.geteuid?.() === 0
  const args = [...(isRoot ? ['-u', 'daemon'] : []), path.join(folder, 'pgbouncer.ini')]
  const child = spawn('pgbouncer', args, { stdio: 'ignore' })
  await waitUntilListening(port)
  const url = new URL(serverUrl)
  url.port = `${port}`
  url.searchParams.set('pgbouncer', 'true')
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function configuration(folder: string, port: number, target: URL): string {
  return `
[databases]
parley = host=${target.hostname} port=${target.port} dbname=parley
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${path.join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
ignore_startup_parameters = extra_float_digits, options
`
}

async function waitUntilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (await accepts(port)) return
    await pause(10)
  }
  throw new Error('PgBouncer did not start to listen within five seconds.')
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
