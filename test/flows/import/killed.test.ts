import { once } from 'node:events'
import { expect, test } from 'vitest'
import { until } from '../../harness/fixtures/until.ts'
import { createTestDatabase, query } from '../../harness/servers/database.ts'
import { PARLEY, run, start } from '../cli/program.ts'
import { digestOf, fileWith, history } from './history-file.ts'

/** IMPORT_MESSAGES=1000000 runs the full number. */
const MESSAGES = Number(process.env['IMPORT_MESSAGES'] ?? 30_000)
const KILLS = 3
const COUNT = 'SELECT count(*)::int AS count FROM messages'
/** Does not slow the import down, as the number of messages would. */
const PROGRESS = 'SELECT COALESCE(sum(head_seq), 0)::int AS count FROM chats'

test(
  `an import of ${MESSAGES} messages that is killed ${KILLS} times leads to the same chats`,
  { timeout: 120_000 + MESSAGES },
  async ({ annotate }) => {
    await using whole = await createTestDatabase()
    await using killed = await createTestDatabase()
    await using file = await fileWith(history(MESSAGES / 2))
    const command = ['import', file.path]
    const where = (url: string) => ({ cwd: file.folder, env: { DATABASE_URL: url }, program: PARLEY })
    const startedAt = performance.now()
    expect(await run(command, where(whole.url))).toMatchObject({ code: 0 })
    const wholeAt = performance.now()

    for (let kill = 1; kill <= KILLS; kill += 1) {
      const importing = start(command, where(killed.url))
      const ended = once(importing, 'exit')
      await until(
        async () => (await countOf(killed.url, PROGRESS)) > (kill * MESSAGES) / (KILLS + 2),
        60_000 + MESSAGES,
      )
      importing.kill('SIGKILL')
      await ended
      expect(await countOf(killed.url)).toBeLessThan(MESSAGES)
    }
    const last = await run(command, where(killed.url))
    expect(last).toMatchObject({ code: 0 })
    await annotate(
      `${secondsSince(startedAt, wholeAt)} in one run, ${secondsSince(wholeAt)} in ${KILLS + 1} runs`,
    )
    await annotate(last.stdout)
    expect(await countOf(killed.url)).toBe(MESSAGES)
    expect(await digestOf(killed.url)).toEqual(await digestOf(whole.url))
  },
)

async function countOf(url: string, counting = COUNT): Promise<number> {
  return (await query<{ count: number }>(url, counting))[0]?.count ?? 0
}

function secondsSince(start: number, end = performance.now()): string {
  return `${Math.round((end - start) / 1000)} s`
}
