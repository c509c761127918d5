import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'
import { expect, test } from 'vitest'

/** Compressed size beside graphql-ws, with all exports. The target is 15,000: lower the bound with each saving. */
const MAX_BYTES = 16_200

test('the main entry stays small, minified and compressed', async () => {
  const entry = join(import.meta.dirname, '..', 'src', 'index.ts')
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: 'strict',
        external: ['graphql-ws', 'idb'],
      },
    },
  })
  const { output } = result as Rolldown.RolldownOutput
  const code = output.map((item) => (item.type === 'chunk' ? item.code : '')).join('')
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(MAX_BYTES)
})
