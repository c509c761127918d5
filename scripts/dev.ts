import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { waitUntilReady } from './gateway-ready.ts'

// `npm run dev`: runs the gateway, restarts it when a source file changes, and seeds it with demo data at the start.
// Logs are readable because the mode is development and the output is a terminal.

const root = join(import.meta.dirname, '..')

const gateway = spawn(
  process.execPath,
  ['--watch', '--watch-preserve-output', join(root, 'bin', 'parley.js'), 'serve'],
  { cwd: root, stdio: 'inherit' },
)
const ended = once(gateway, 'exit')
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Ctrl-C in a terminal reaches both processes. A second signal would end the gateway before it has shut down.
    if (signal === 'SIGTERM' || !process.stdin.isTTY) gateway.kill(signal)
  })
}

async function seed(): Promise<void> {
  await waitUntilReady(`http://127.0.0.1:${process.env['PORT'] ?? 4000}`, stopping.signal)
  const seeding = spawn(process.execPath, [join(root, 'scripts', 'seed.ts')], { cwd: root, stdio: 'inherit' })
  await once(seeding, 'exit')
}

const stopping = new AbortController()
void seed().catch((error: unknown) => console.error(error instanceof Error ? error.message : error))
await ended
stopping.abort()
process.exitCode = gateway.exitCode ?? 0
