import { createRequire } from 'node:module'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

// graphql has one build for import and one for require. Each rejects schemas of the other, so all code uses one.
const graphql = createRequire(import.meta.url).resolve('graphql/index.js')

const SETUP = 'test/harness/servers'

/** The project of the tests in `test/<name>`. */
function project(name: string, options: ViteUserConfig['test'] = {}) {
  return { extends: true as const, test: { name, include: [`test/${name}/**/*.test.ts`], ...options } }
}

/** A project whose tests use PostgreSQL. All such projects of a run share one server. */
function projectWithPostgres(name: string) {
  return project(name, { globalSetup: [`${SETUP}/postgres-setup.ts`] })
}

export default defineConfig({
  resolve: { alias: [{ find: /^graphql$/, replacement: graphql }] },
  test: {
    globalSetup: [`${SETUP}/prisma-client-setup.ts`],
    // Five times the duration of the slowest test, which starts several servers. It only catches tests that hang.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine can need several seconds for what normally takes milliseconds.
    expect: { poll: { timeout: 10_000 } },
    // The machines that run the tests have two cores. More workers would compete for them.
    maxWorkers: 2,
    projects: [
      // Unit tests keep no state in modules, so their files can share them. That halves the time.
      project('unit', { isolate: false }),
      projectWithPostgres('contract'),
      projectWithPostgres('flows'),
      projectWithPostgres('cluster'),
      projectWithPostgres('chaos'),
      // Packages and apps have their tests beside their sources, and their own configuration.
      'packages/*/vitest.config.ts',
      'apps/*/vitest.config.ts',
    ],
  },
})
