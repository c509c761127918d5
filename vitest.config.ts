import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'

// graphql has one build for import and one for require; two of them in one process refuse each other's schemas.
const graphql = createRequire(import.meta.url).resolve('graphql/index.js')

export default defineConfig({
  resolve: { alias: [{ find: /^graphql$/, replacement: graphql }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/harness/servers/postgres-setup.ts'],
    // Five times what the slowest take that start several servers: who hangs is found, who is slow is let be.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes soon or never; on a busy machine, soon may be some seconds.
    expect: { poll: { timeout: 10_000 } },
    // Two cores: more workers would only wait for each other.
    maxWorkers: 2,
  },
})
