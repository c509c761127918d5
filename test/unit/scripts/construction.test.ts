import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const ROOT = path.resolve(import.meta.dirname, '../../..')

/** Lints `files` with the project's settings and returns the names whose import is reported, with their file. */
async function restrictedIn(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), 'parley-lint-'))
  await copyFile(path.join(ROOT, '.oxlintrc.json'), path.join(folder.path, '.oxlintrc.json'))
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder.path, 'node_modules'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder.path, name)), { recursive: true })
    await writeFile(path.join(folder.path, name), text)
  }
  const oxlint = path.join(ROOT, 'node_modules', 'oxlint', 'bin', 'oxlint')
  const args = [oxlint, '-A', 'all', '-D', 'typescript/no-restricted-imports', '--format', 'unix', 'src']
  // oxlint fails if it reports something, and that is expected here.
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder.path }).catch(
    (error: unknown) => error as { stdout: string },
  )
  return stdout
    .split('\n')
    .map((line) => /^(?:.*\/)?(src\/[^:]+):\d+.*?'(create\w+)'/.exec(line))
    .flatMap((match) => (match === null ? [] : [`${match[1]} ${match[2]}`]))
    .sort()
}

const IMPORTS = `
import { createHub as make, type Hub } from '../gateway/hub.ts'
import type { createRouter } from '../gateway/router.ts'
import { createClock } from '../lib/clock.ts'
import { createPart } from './part.ts'
export type X = [Hub, typeof createRouter]
export const x = [make, createClock, createPart]`

test('reports a room that constructs what another room creates, also in a sub-room', async () => {
  const files = {
    'src/chats/a.ts': IMPORTS,
    'src/presence/store/a.ts': IMPORTS.replaceAll("'../", "'../../").replace("'./", "'../"),
    'src/cli/a.ts': IMPORTS,
    'src/composition/a.ts': IMPORTS,
    'src/parley.ts':
      "import { createDomains } from './composition/domains.ts'\nexport const x = createDomains",
  }
  expect(await restrictedIn(files)).toEqual(['src/chats/a.ts createHub', 'src/presence/store/a.ts createHub'])
})
