import { join } from 'node:path'
import { expect, test } from 'vitest'
import { query } from '../../harness/servers/database.ts'
import { parley } from '../../unit/cli/terminal.ts'
import { embeddedState } from '../../../src/store/embedded/running-url.ts'
import { programsWith, serve, temporaryFolder } from '../cli/program.ts'
import { manifestIn } from './running.ts'

test('the embedded database is backed up with and without a running gateway, and restored into a new folder', async () => {
  await using folder = await temporaryFolder()
  const [first, second] = [join(folder.path, 'first'), join(folder.path, 'second')]
  const [running, stopped] = [join(folder.path, 'running'), join(folder.path, 'stopped')]
  const absent = await parley(['backup', running], { DATA_DIR: first })
  expect([absent.code, absent.noticed]).toEqual([
    1,
    expect.stringContaining(`There is no database in ${first}.`),
  ])
  {
    await using instance = serve(folder.path, { DATA_DIR: first })
    await instance.lines.match((line) => line.includes('"ready"'))
    await query(await urlOf(first), DAVE)
    expect(await parley(['backup', running], { DATA_DIR: first })).toMatchObject({ code: 0, noticed: '' })
    const refused = await parley(['restore', running], { DATA_DIR: first })
    expect([refused.code, refused.noticed]).toEqual([1, expect.stringContaining('Another Parley is running')])
    instance.child.kill('SIGTERM')
    await instance.ended
  }
  expect(await parley(['backup', stopped], { DATA_DIR: first })).toMatchObject({ code: 0, noticed: '' })
  expect((await manifestIn(stopped)).tables.find(({ name }) => name === 'users')?.rows).toBeGreaterThan(0)
  expect(await parley(['restore', running], { DATA_DIR: second })).toMatchObject({ code: 0, noticed: '' })
  expect(await programsWith(folder.path), 'servers that were left behind').toEqual([])

  await using again = serve(folder.path, { DATA_DIR: second })
  await again.lines.match((line) => line.includes('"ready"'))
  const users = await query(await urlOf(second), 'SELECT id FROM users')
  expect(users).toContainEqual({ id: 'dave' })
  again.child.kill('SIGTERM')
  await again.ended
}, 90_000)

/** Without the demo users, which are created in the background. */
const DAVE = `INSERT INTO users (id, name, claims_issued_at) VALUES ('dave', 'Dave', now())`

async function urlOf(dataDir: string): Promise<string> {
  const state = await embeddedState(dataDir)
  if (state.type !== 'running') throw new Error(`the database in ${dataDir} is ${state.type}`)
  return state.url
}
