import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createEmptyTestDatabase } from '../../harness/servers/database.ts'
import { startLoad } from '../../harness/people/load-generator.ts'
import { startParley, UNLIMITED } from '../../harness/servers/parley.ts'
import { run, temporaryFolder } from '../cli/program.ts'
import { type LogEntry, readAllLogs, readHistory } from './logs.ts'

test('a backup under load has every message that was acknowledged before it, without a gap', async () => {
  await using parley = await startParley({ config: UNLIMITED })
  await using folder = await temporaryFolder()
  await using load = await startLoad({
    urls: [parley.url],
    databaseUrl: parley.databaseUrl,
    sendIntervalMs: 5,
  })
  const acknowledged = () => load.recorder.sends.filter(({ outcome }) => outcome.type === 'ok')
  load.startSending()
  await expect.poll(() => acknowledged().length, { interval: 20, timeout: 20_000 }).toBeGreaterThan(200)

  const [before, to] = [acknowledged(), `${folder.path}/backup`]
  const backup = await run(['backup', to], env(folder.path, parley.databaseUrl))
  const after = acknowledged()
  await load.stopSending()
  expect(backup).toMatchObject({ code: 0, stderr: '' })
  expect(backup.stdout).toMatch(/^Backed up into .*6 logs with [\d,]+ events/)
  expect(after.length, 'sends went on meanwhile').toBeGreaterThan(before.length + 20)

  await using database = await createEmptyTestDatabase()
  const restored = await run(['restore', to], env(folder.path, database.url))
  expect(restored).toMatchObject({ code: 0, stderr: '' })
  expect(restored.stdout).toContain('✓ 6 logs')

  const [then, now] = [await readAllLogs(parley.databaseUrl), await readAllLogs(database.url)]
  expect([...now.keys()]).toEqual([...load.chats].sort())
  for (const [chatId, log] of now) {
    const original = then.get(chatId)?.slice(0, log.length) ?? []
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1))
    expect(digestOf(log)).toBe(digestOf(original))
    const sent = before.filter((send) => send.chatId === chatId)
    expect(log.map(({ key }) => key)).toEqual(expect.arrayContaining(sent.map(({ key }) => key)))
  }

  await using second = await startParley({ databaseUrl: database.url, config: UNLIMITED })
  const alice = await second.person('alice')
  using inbox = alice.inbox('alice-0')
  await inbox.caughtUp()
  expect(inbox.items.all[0]?.__typename).toBe('InboxReset')
  for (const chatId of load.chats.filter((chat) => load.recorder.members.get(chat)?.includes('user_alice'))) {
    const log = now.get(chatId) ?? []
    expect(await readHistory(alice, chatId)).toEqual(log.map(({ seq, body }) => ({ seq, body })))
    const { seq } = await alice.send(chatId, 'and on it goes')
    expect(seq).toBe(log.length + 1)
    await inbox.reaches(chatId, seq)
    expect(inbox.seqs(chatId)).toEqual([seq])
  }
}, 60_000)

function env(cwd: string, url: string) {
  return { cwd, env: { DATABASE_URL: url } }
}

function digestOf(log: readonly LogEntry[]): string {
  return createHash('sha256').update(JSON.stringify(log)).digest('hex')
}
