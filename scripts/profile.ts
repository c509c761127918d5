import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

// `npm run profile`: runs the gateway with the CPU profiler until Ctrl-C, then prints where the profile is. Open it in
// Chrome DevTools (Performance, Load profile) or in VS Code.

const root = join(import.meta.dirname, '..')
const folder = join(root, '.parley', 'profiles')

mkdirSync(folder, { recursive: true })
const before = new Set(readdirSync(folder))
const gateway = spawn(
  process.execPath,
  [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
    join(root, 'bin', 'parley.js'),
    'serve',
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Ctrl-C in a terminal reaches both processes. A second signal would end the gateway before it writes the profile.
    if (signal === 'SIGTERM' || !process.stdin.isTTY) gateway.kill(signal)
  })
}
await once(gateway, 'exit')

const profiles = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile') && !before.has(name))
for (const name of profiles) console.log(`CPU profile: ${join(folder, name)}`)
if (profiles.length === 0) {
  console.error(
    'The gateway wrote no profile. End it with Ctrl-C once: a second signal ends it before it can write.',
  )
  process.exitCode = 1
}
