import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// A configuration of its own, because vitest prints a notice about type tests in every run that includes them.
export default defineConfig({
  test: {
    name: 'types',
    root: join(import.meta.dirname, '..', '..'),
    globalSetup: ['test/harness/servers/prisma-client-setup.ts'],
    include: [],
    typecheck: { enabled: true, only: true, include: ['test/types/**/*.test-d.ts'] },
  },
})
