import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** Builds the app once for all tests. */
export async function setup(): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  await build({ configFile: `${root}vite.config.ts`, logLevel: 'error' })
}
