import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants } from 'node:fs/promises'
import path from 'node:path'
import type { Process, RunCommand } from '../process.ts'
import { openOperatorDatabase } from './operator-database.ts'

type Input = Readonly<{ psqlArguments: readonly string[] }>

const FAILED = 1

/**
 * Opens psql on the database and returns its exit code. An embedded database runs for as long as psql does. If psql is
 * not installed, prints the URL to connect to with another program.
 */
export const openPsql: RunCommand<Input> = async ({ env, print, notice }, { psqlArguments }) => {
  const psql = await findPsql(env)
  await using database = await openOperatorDatabase({
    env,
    signal: new AbortController().signal,
    needs: 'existing',
  })
  if (psql !== undefined) return await runPsql(psql, database.url, psqlArguments, env)
  notice(NOT_INSTALLED)
  print(database.url)
  return FAILED
}

const NOT_INSTALLED = `psql is not installed on this machine. Install it, then run this again:
  Debian, Ubuntu   apt install postgresql-client
  Fedora           dnf install postgresql
  Alpine           apk add postgresql-client
  macOS            brew install libpq && brew link --force libpq
  Windows          winget install PostgreSQL.PostgreSQL.18
Or connect with another program to this URL, which for an embedded database works while a gateway is running:`

async function findPsql(env: Process['env']): Promise<string | undefined> {
  const name = process.platform === 'win32' ? 'psql.exe' : 'psql'
  for (const folder of (env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(folder, name)
    if (folder !== '' && (await isExecutable(file))) return file
  }
  return undefined
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function runPsql(
  psql: string,
  url: string,
  psqlArguments: readonly string[],
  env: Process['env'],
): Promise<number> {
  // Other users of the machine can read arguments, so the password goes into the environment.
  const withoutPassword = new URL(url)
  const password = decodeURIComponent(withoutPassword.password)
  withoutPassword.password = ''
  // Ctrl-C reaches every process in the terminal. In psql it cancels a query, and it must not end this process.
  const ignore = (): void => undefined
  process.on('SIGINT', ignore)
  try {
    const child = spawn(psql, [withoutPassword.href, ...psqlArguments], {
      stdio: 'inherit',
      env: { ...env, ...(password === '' ? {} : { PGPASSWORD: password }) },
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return code ?? FAILED
  } finally {
    process.off('SIGINT', ignore)
  }
}
