import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

// The server and each workspace have settings of their own, such as which globals exist. So each is checked by itself.
const root = join(import.meta.dirname, '..')
const projects = [
  'tsconfig.json',
  'packages/*/tsconfig.json',
  'packages/*/test/tsconfig.json',
  'examples/*/tsconfig.json',
  'apps/*/tsconfig.json',
  'apps/*/test/tsconfig.json',
]
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

const failed = globSync(projects, { cwd: root })
  .toSorted()
  .filter(
    (project) =>
      spawnSync(process.execPath, [tsc, '-p', project, '--noEmit'], { cwd: root, stdio: 'inherit' })
        .status !== 0,
  )
process.exitCode = failed.length === 0 ? 0 : 1
