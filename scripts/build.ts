import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ensurePrismaClient } from '../src/store/migrations/ensure-prisma-client.ts'

// Compiles src to dist, for the published package: Node.js strips no types from files in node_modules. Then builds the
// client packages and the web app.

const root = join(import.meta.dirname, '..')
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

/** Each package after those that it imports. */
const PACKAGES = ['client', 'react', 'apollo', 'urql']

/** Runs one step of the build. After a failure, the build ends. */
function run(script: string, args: readonly string[], cwd = root): void {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

await ensurePrismaClient()
// Files whose source is gone must not be published.
await rm(join(root, 'dist'), { recursive: true, force: true })
run(tsc, ['--project', join(root, 'tsconfig.build.json')])
for (const name of PACKAGES) run(join(root, 'scripts', 'build-package.ts'), [], join(root, 'packages', name))
const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js')
run(vite, ['build', join(root, 'apps', 'chat'), '--logLevel', 'warn'])
