import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Command } from 'commander'

// npm run fuzz -- --minutes 10: sends random operations, bodies and frames to a gateway, with new seeds at each run.

const { minutes } = new Command('npm run fuzz --')
  .description(
    'Sends random input to a gateway for a while. Fails with the seed of what it answered wrongly.',
  )
  .option('-m, --minutes <minutes>', 'how long', '10')
  .parse()
  .opts<{ minutes: string }>()

const { status } = spawnSync('npx', ['vitest', 'run', 'test/flows/fuzz.test.ts'], {
  cwd: join(import.meta.dirname, '..'),
  stdio: 'inherit',
  env: { ...process.env, FUZZ_MINUTES: minutes },
  shell: process.platform === 'win32',
})
process.exitCode = status ?? 1
