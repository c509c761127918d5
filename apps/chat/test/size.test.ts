import { readdir, readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const MAX_FIRST_BYTES = 150_000
/** Loaded while the first screen is already there. */
const MAX_LATER_BYTES = 10_000
const MAX_SERVICE_WORKER_BYTES = 5_000

const DIST = new URL('../dist/', import.meta.url)

async function compressedSize(names: readonly string[]): Promise<number> {
  const files = await Promise.all(names.map((name) => readFile(new URL(name, DIST))))
  return files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0)
}

/** All scripts and styles, and those that the page names, which it loads before it shows anything. */
async function assets(): Promise<Readonly<{ all: readonly string[]; first: readonly string[] }>> {
  const all = (await readdir(new URL('assets/', DIST))).map((name) => `assets/${name}`)
  const page = await readFile(new URL('index.html', DIST), 'utf8')
  return { all, first: all.filter((name) => page.includes(name)) }
}

test('scripts and styles of the first screen are at most 150 kB, compressed', async () => {
  const { first } = await assets()
  expect(first.length).toBeGreaterThan(1)
  expect(await compressedSize(first)).toBeLessThanOrEqual(MAX_FIRST_BYTES)
})

test('no script of the first screen imports one that the page does not name', async () => {
  const { first } = await assets()
  const imported = await Promise.all(
    first.map(async (name) => {
      const code = await readFile(new URL(name, DIST), 'utf8')
      return [...code.matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+)["'`]/g)].map(
        ([, file]) => `assets/${file}`,
      )
    }),
  )
  expect(imported.flat().length).toBeGreaterThan(0)
  expect(imported.flat().filter((name) => !first.includes(name))).toEqual([])
})

test('later scripts are at most 10 kB, and the service worker 5 kB', async () => {
  const { all, first } = await assets()
  expect(await compressedSize(all.filter((name) => !first.includes(name)))).toBeLessThanOrEqual(
    MAX_LATER_BYTES,
  )
  expect(await compressedSize(['service-worker.js'])).toBeLessThanOrEqual(MAX_SERVICE_WORKER_BYTES)
})
