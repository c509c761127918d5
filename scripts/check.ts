import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkSteps } from './check-steps.ts'

// `npm run check`: runs every script named check:*, also after one has failed, and lists them with their times.

const root = join(import.meta.dirname, '..')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>
}

/** Runs one script with its output shown. Returns whether it succeeded. */
function run(script: string): boolean {
  const startedAt = performance.now()
  const { status } = spawnSync('npm', ['run', '--silent', script], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)
  console.log(`${status === 0 ? '✓' : '✗'} ${seconds} s  ${script}`)
  return status === 0
}

const failed = checkSteps(scripts).filter((script) => !run(script))
if (failed.length > 0) {
  console.error(`Failed: ${failed.map((script) => `npm run ${script}`).join(', ')}`)
  process.exitCode = 1
}
