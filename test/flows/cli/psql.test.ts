import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { run, temporaryFolder } from './program.ts'

/** Puts a shell script in the place of psql, which prints its arguments and the password, and exits with 3. */
async function installPsql(folder: string): Promise<void> {
  const file = path.join(folder, 'psql')
  await writeFile(file, '#!/bin/sh\nfor a in "$@"; do echo "$a"; done\necho "password $PGPASSWORD"\nexit 3\n')
  await chmod(file, 0o755)
}

async function canConnect(url: string): Promise<boolean> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query('SELECT 1')).rowCount === 1
  } finally {
    await client.end()
  }
}

test('opens psql on the database in DATABASE_URL, without the password among the arguments', async () => {
  await using folder = await temporaryFolder()
  await installPsql(folder.path)
  const url = new URL(inject('postgresUrl'))
  const env = { PATH: folder.path, DATABASE_URL: url.href }
  const ended = await run(['psql', '--', '-c', 'SELECT 1'], { cwd: folder.path, env })
  const { password } = url
  url.password = ''
  expect(ended).toEqual({ code: 3, stdout: `${url.href}\n-c\nSELECT 1\npassword ${password}\n`, stderr: '' })
})

test('opens psql on the embedded database, whose gateway is not running', async () => {
  await using folder = await temporaryFolder()
  await using created = await startEmbeddedPostgres({ dataDir: folder.path })
  await created.stop()
  await installPsql(folder.path)
  const env = { PATH: `${folder.path}:/usr/bin:/bin`, DATA_DIR: folder.path }
  const { code, stdout, stderr } = await run(['psql'], { cwd: folder.path, env })
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' })
  expect(stdout).toMatch(/^postgres(ql)?:\/\/\w+@127\.0\.0\.1:\d+\/\w+\npassword \S+\n$/)
})

test('without psql, says what to install and prints the URL of the running embedded database', async () => {
  await using folder = await temporaryFolder()
  await using _gateway = await startEmbeddedPostgres({ dataDir: folder.path })
  const env = { PATH: folder.path, DATA_DIR: folder.path }
  const { code, stdout, stderr } = await run(['psql'], { cwd: folder.path, env })
  expect(code).toBe(1)
  expect(stderr).toContain('apt install postgresql-client')
  expect(await canConnect(stdout.trim())).toBe(true)
})

test('says that there is no embedded database yet', async () => {
  await using folder = await temporaryFolder()
  const { code, stdout, stderr } = await run(['psql'], { cwd: folder.path, env: { DATA_DIR: folder.path } })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(`There is no database in ${folder.path}.`)
})
