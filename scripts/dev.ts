import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { printHelp } from './help.ts'

// `npm run dev`: runs the gateway, restarts it when a source file changes, and seeds it with demo data at the start.
// Logs are readable because the mode is development and the output is a terminal.

const root = join(import.meta.dirname, '..')

printHelp(`Usage: npm run dev

Runs a gateway, restarts it when a source file changes, and adds demo data. Ctrl-C stops it. The variables in
docs/configuration.md apply, for example: PORT=8080 npm run dev`)

const gateway = spawn(
  process.execPath,
  ['--watch', '--watch-preserve-output', join(root, 'bin', 'parley.js'), 'serve'],
  { cwd: root, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
)
const ended = once(gateway, 'exit')
let seeding: ChildProcess | undefined
// If the port is taken, a gateway answers there that is not this one. So the seeding waits for the message of this one.
gateway.on('message', (message) => {
  if (!isReady(message)) return
  // The gateway sends it after each restart as well.
  seeding ??= spawn(process.execPath, [join(root, 'scripts', 'seed.ts')], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PORT: new URL(message.url).port },
  })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Ctrl-C in a terminal reaches both processes. A second signal would end the gateway before it has shut down.
    if (signal === 'SIGTERM' || !process.stdin.isTTY) gateway.kill(signal)
  })
}
await ended
seeding?.kill()
process.exitCode = gateway.exitCode ?? 0

function isReady(message: unknown): message is Readonly<{ type: 'ready'; url: string }> {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'
}
