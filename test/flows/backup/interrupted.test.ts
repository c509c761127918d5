import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type ChildProcess, spawn } from 'node:child_process'
import pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase, query } from '../../harness/servers/database.ts'
import { PARLEY, start, temporaryFolder } from '../cli/program.ts'
import { backUpTo, restoreFrom } from './running.ts'

/** All rows are different. */
const MANY = `
  INSERT INTO messages (chat_id, seq, sender_id, client_message_id, fingerprint, body, sent_at)
  SELECT '01930000-0000-7000-8000-000000000001', n, 'alice', n::text, sha256(n::text::bytea),
    encode(sha256(n::text::bytea), 'hex') || encode(sha256((-n)::text::bytea), 'hex'), now()
  FROM generate_series(1, 20000) AS n`

test('Ctrl-C stops a backup and a restore at once, and what is left is marked as incomplete', async () => {
  await using folder = await temporaryFolder()
  await using source = await createTestDatabase()
  await query(source.url, MANY)
  const to = join(folder.path, 'broken')
  const backup = await interrupted(['backup', to], folder.path, source.url)
  expect(backup).toMatchObject({ code: 1, stdout: '' })
  expect(backup.stderr).toMatch(/^SIGINT: stopping; .*\nStopped\. The backup in .*broken is incomplete/)
  expect(await readdir(to)).toEqual(expect.arrayContaining(['UNFINISHED', 'messages.copy.zst']))
  expect(await readdir(to)).not.toContain('manifest.json')

  await using target = await createTestDatabase()
  const whole = await backUpTo(source.url, folder.path)
  const restore = await interrupted(['restore', whole], folder.path, target.url)
  expect(restore).toMatchObject({ code: 1, stdout: '' })
  expect(restore.stderr).toContain('Stopped. The database is as empty as it was')
  expect(await query(target.url, 'SELECT FROM messages LIMIT 1')).toEqual([])
  expect(await restoreFrom(whole, target.url), 'the next attempt').toMatchObject({ code: 0, noticed: '' })
})

test('a full disk is reported in one sentence', async () => {
  await using folder = await temporaryFolder()
  await using source = await createTestDatabase()
  await query(source.url, MANY)
  const to = join(folder.path, 'small')
  // The limit of a file's size, in blocks. A program sees it as a full disk.
  const limited = spawn(
    'sh',
    ['-c', 'ulimit -f 64; exec "$@"', 'sh', process.execPath, PARLEY, 'backup', to],
    {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], DATABASE_URL: source.url },
    },
  )
  const [stderr, code] = await Promise.all([text(limited.stderr), codeOf(limited)])
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^There is no room for the backup in .*small \(EFBIG\)/),
  ])
  expect(await readdir(to)).not.toContain('manifest.json')
  expect((await restoreFrom(to, source.url)).noticed).toContain('was never finished')
})

/** Runs the program until it waits for a table that another connection has locked, and then sends Ctrl-C. */
async function interrupted(
  args: readonly string[],
  cwd: string,
  url: string,
): Promise<Readonly<{ code: unknown; stdout: string; stderr: string }>> {
  const other = new pg.Client({ connectionString: url })
  await other.connect()
  try {
    await other.query('BEGIN; LOCK TABLE users')
    const child = start(args, { cwd, env: { DATABASE_URL: url } })
    if (child.stdout === null || child.stderr === null) throw new Error('the output is not piped')
    const output = Promise.all([text(child.stdout), text(child.stderr), codeOf(child)])
    await expect.poll(() => query(url, WAITING), { interval: 10, timeout: 9_000 }).toHaveLength(1)
    child.kill('SIGINT')
    const [stdout, stderr, code] = await output
    return { code, stdout, stderr }
  } finally {
    await other.end()
  }
}

async function codeOf(child: ChildProcess): Promise<unknown> {
  const [code] = (await once(child, 'close')) as [number | null]
  return code
}

const WAITING = `
  SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE 'parley-%' AND wait_event_type = 'Lock'`
