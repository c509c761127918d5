import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** Builds the app once for all tests, as it is published: in this process, React would be built for development. */
export async function setup(): Promise<void> {
  const root = join(import.meta.dirname, '..')
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js')
  const env = { ...process.env, NODE_ENV: 'production' }
  await promisify(execFile)(process.execPath, [vite, 'build', root, '--logLevel', 'error'], { env })
}
