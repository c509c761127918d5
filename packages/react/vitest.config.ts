import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: { name: 'react', root: import.meta.dirname, include: ['test/**/*.test.ts'] },
})
