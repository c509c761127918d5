import { spawnSync } from 'node:child_process'
import { readFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild } from '../../scripts/cluster-child.ts'
import { freePort } from '../../scripts/cluster-ports.ts'
import { until } from '../../scripts/cluster-readiness.ts'
import { insideOf } from '../inside/ask.ts'
import { type Place, withClient } from '../servers/place.ts'
import type { Server } from '../servers/gateway.ts'
import { type GatewayParts, type Target, targetOf } from './target.ts'

/*
 * ejabberd with its message archive in PostgreSQL, as Debian packages it: apt-get install ejabberd erlang-p1-pgsql.
 * One node serves all users. Its table of users is filled beforehand, because registering hundreds of users one by one
 * takes minutes.
 */

const TABLES = '/usr/share/ejabberd/sql/pg.sql'
const LIBRARIES = '/usr/lib/x86_64-linux-gnu'
const USERS = 1_000

/** Whether ejabberd is installed on this machine. */
export function hasEjabberd(): boolean {
  return (
    spawnSync('sh', ['-c', `command -v erl && test -f ${TABLES} && ls -d /usr/lib/erlang/lib/p1_pgsql-*`])
      .status === 0
  )
}

export const ejabberd: Target = targetOf({
  name: 'ejabberd',
  scheme: 'xmpp',
  path: '',
  maxGateways: 1,
  prepare: createTables,
  startGateway,
})

async function createTables(place: Place): Promise<string> {
  const url = await place.createDatabase(`ejabberd ${Date.now()}`)
  const tables = await readFile(TABLES, 'utf8')
  await withClient(url, async (client) => {
    await client.query(tables)
    for (const name of ['sender', 'recipient'])
      await client.query(
        `INSERT INTO users (username, password) SELECT $1 || n, 'secret' FROM generate_series(0, $2::int) AS n`,
        [name, USERS],
      )
  })
  return url
}

async function startGateway({ name, folder, databaseUrl }: GatewayParts): Promise<Server> {
  const port = await freePort()
  const home = join(folder, name)
  await mkdir(home, { recursive: true })
  await writeFile(join(home, 'ejabberd.yml'), configuration(port, new URL(databaseUrl)))
  const child = await startChild({
    name,
    file: 'erl',
    args: ['-noinput', '-mnesia', 'dir', `"${join(home, 'mnesia')}"`, '-s', 'ejabberd'],
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      ERL_LIBS: LIBRARIES,
      EJABBERD_CONFIG_PATH: join(home, 'ejabberd.yml'),
      EJABBERD_LOG_PATH: join(home, 'ejabberd.log'),
    },
    logFile: join(folder, `${name}.log`),
  })
  await until(child, port)
  return {
    name,
    pid: child.pid,
    port,
    adminPort: 0,
    inside: insideOf(0),
    [Symbol.asyncDispose]: () => child.stop(0),
  }
}

function configuration(
  port: number,
  { hostname, port: databasePort, pathname, username, password }: URL,
): string {
  return `
hosts: [localhost]
loglevel: warning
default_db: sql
sql_type: pgsql
sql_server: "${hostname}"
sql_port: ${databasePort}
sql_database: "${decodeURIComponent(pathname.slice(1))}"
sql_username: "${username}"
sql_password: "${password}"
sql_pool_size: 10
auth_method: [sql]
auth_password_format: plain
listen:
  - port: ${port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    access: all
    shaper: none
    backlog: 1024
modules:
  mod_mam:
    default: always
`
}
