import { createRequire } from 'node:module'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// graphql has one build for import and one for require. Each rejects schemas of the other, so all code uses one.
const graphql = createRequire(import.meta.url).resolve('graphql/index.js')
const packages = join(import.meta.dirname, '..')

export default defineConfig({
  resolve: {
    alias: [
      { find: /^graphql$/, replacement: graphql },
      { find: /^@parley\/client$/, replacement: join(packages, 'client/src/index.ts') },
      { find: /^@parley\/client\/engine$/, replacement: join(packages, 'client/src/engine.ts') },
    ],
  },
  test: {
    name: 'apollo',
    root: import.meta.dirname,
    include: ['test/**/*.test.ts'],
    globalSetup: [
      '../../test/harness/servers/prisma-client-setup.ts',
      '../../test/harness/servers/postgres-setup.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
  },
})
