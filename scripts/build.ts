import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ensurePrismaClient } from '../src/store/migrations/ensure-prisma-client.ts'

// Compiles src to dist, for the published package: Node.js strips no types from files in node_modules. Then builds the
// web app.

const root = join(import.meta.dirname, '..')
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

await ensurePrismaClient()
// Files whose source is gone must not be published.
await rm(join(root, 'dist'), { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [tsc, '--project', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js')
const app = spawnSync(process.execPath, [vite, 'build', join(root, 'apps', 'chat'), '--logLevel', 'warn'], {
  stdio: 'inherit',
})
process.exitCode = status === 0 ? (app.status ?? 1) : (status ?? 1)
