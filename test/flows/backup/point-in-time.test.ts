import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { migrate } from '../../../src/store/migrations/migrate.ts'
import { startParley, UNLIMITED } from '../../harness/servers/parley.ts'
import type { Person } from '../../harness/people/person.ts'
import { createDataFolder } from '../../harness/servers/data-folder.ts'
import { type PostgresServer, startPrimary } from '../../harness/servers/postgres-server.ts'
import { parley as command } from '../../unit/cli/terminal.ts'
import { readAllLogs, readHistory } from './logs.ts'

test('a recovery from archived write-ahead log has every message up to the chosen moment, and none after it', async () => {
  await using home = await createDataFolder()
  const archive = join(home.path, 'archive')
  await mkdir(archive)
  await using primary = await startPrimary({
    archive_mode: 'on',
    archive_command: `test ! -f "${archive}/%f" && cp "%p" "${archive}/%f"`,
  })
  await migrate({ url: primary.url })
  const { chatId, copy, wanted, time } = await live(primary)
  await using _files = copy
  await primary.kill()

  await using recovered = await primary.startRecovered(copy, archive, time)
  expect(wanted.get(chatId)).toHaveLength(60)
  expect(await readAllLogs(recovered.url)).toEqual(wanted)
  expect(await command(['reset-devices'], { DATABASE_URL: recovered.url })).toMatchObject({ code: 0 })
  await using second = await startParley({ databaseUrl: recovered.url })
  const again = await second.person('bob')
  using inbox = again.inbox('phone')
  await inbox.caughtUp()
  expect(inbox.items.all[0]?.__typename).toBe('InboxReset')
  expect(await readHistory(again, chatId)).toHaveLength(60)
  expect((await again.send(chatId, 'and on it goes')).seq).toBe(61)
}, 60_000)

/** Sends messages on a server before it dies. Returns those to recover, and the moment to recover to. */
async function live(primary: PostgresServer) {
  await using parley = await startParley({ databaseUrl: primary.url, config: UNLIMITED })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  using phone = bob.inbox('phone')
  await phone.caughtUp()
  await sayMuch(alice, chatId, 'before the copy')
  const saying = sayMuch(alice, chatId, 'during the copy')
  const copy = await primary.takeBaseBackup()
  await saying
  await sayMuch(alice, chatId, 'after the copy')
  const wanted = await readAllLogs(primary.url)
  const [moment] = await primary.sql<{ time: string }>('SELECT clock_timestamp()::text AS time')
  await sayMuch(alice, chatId, 'what is to be forgotten')
  await bob.markDelivered(chatId, 80, 'phone')
  await archiveAll(primary)
  return { chatId, copy, wanted, time: moment?.time ?? '' }
}

/** Resolves when everything that was written is archived. */
async function archiveAll(primary: PostgresServer): Promise<void> {
  const [segment] = await primary.sql<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name')
  await primary.waitUntil(
    `(SELECT last_archived_wal >= '${segment?.name}' FROM pg_stat_archiver WHERE last_archived_wal ~ '^[0-9A-F]{24}$')`,
  )
}

/** Sends twenty messages, each acknowledged. */
async function sayMuch(person: Person, chatId: string, what: string): Promise<void> {
  for (let number = 0; number < 20; number += 1) await person.send(chatId, `${what}: ${number}`)
}
