import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { ViteUserConfig } from 'vitest/config'

// graphql has one build for import and one for require. Each rejects schemas of the other, so all code uses one.
const graphql = createRequire(import.meta.url).resolve('graphql/index.js')
const sources = join(import.meta.dirname, 'client/src')
const setup = join(import.meta.dirname, '../test/harness/servers')

/** The configuration of a package whose tests start servers. Packages use each other's sources. */
export function packageConfig(name: string): ViteUserConfig {
  return {
    resolve: {
      alias: [
        { find: /^graphql$/, replacement: graphql },
        { find: /^@parley\/client$/, replacement: join(sources, 'index.ts') },
        { find: /^@parley\/client\/uploads$/, replacement: join(sources, 'uploads.ts') },
        { find: /^@parley\/client\/engine$/, replacement: join(sources, 'engine.ts') },
      ],
    },
    test: {
      name,
      root: join(import.meta.dirname, name),
      include: ['test/**/*.test.ts'],
      globalSetup: [join(setup, 'prisma-client-setup.ts'), join(setup, 'postgres-setup.ts')],
      testTimeout: 60_000,
      hookTimeout: 60_000,
      expect: { poll: { timeout: 10_000 } },
    },
  }
}
