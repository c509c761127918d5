import { readdir, readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const MAX_BYTES = 150_000

test('scripts and styles are at most 150 kB, compressed', async () => {
  const folder = new URL('../dist/assets/', import.meta.url)
  const names = await readdir(folder)
  const files = await Promise.all(names.map((name) => readFile(new URL(name, folder))))
  const bytes = files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0)
  expect(names.length).toBeGreaterThan(1)
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES)
})
