import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'
import { expect, test } from 'vitest'

/** Compressed size beside graphql-ws. */
const MAX_BYTES = 15_000

const ENTRY = 'virtual:app'
const CODE = `import { createParleyClient } from '${join(import.meta.dirname, '..', 'src', 'index.ts')}'
globalThis.createParleyClient = createParleyClient`

test('an app that imports createParleyClient gets little code, minified and compressed', async () => {
  // As bundlers do it: documents that only other code uses stay out.
  const result = await build({
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'app',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? CODE : null),
      },
    ],
    build: { write: false, rolldownOptions: { input: ENTRY, external: ['graphql-ws', 'idb'] } },
  })
  const { output } = result as Rolldown.RolldownOutput
  const code = output.map((item) => (item.type === 'chunk' ? item.code : '')).join('')
  expect(code).toContain('subscription Inbox')
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(MAX_BYTES)
})
