import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { freePort } from '../../harness/network/free-port.ts'

afterEach(() => vi.restoreAllMocks())

/** Lets the next attempts draw these numbers, from 0 to 1. */
function draw(...numbers: readonly number[]): void {
  const random = vi.spyOn(Math, 'random')
  for (const number of numbers) random.mockReturnValueOnce(number)
}

test('a port is given once, although no server has taken it yet', async () => {
  draw(0.9801, 0.9801, 0.9803)
  const first = await freePort()
  expect(await freePort()).toBe(first + 2)
})

test('a port of another running process is left alone, and one of a process that has ended is given again', async () => {
  const folder = join(tmpdir(), 'parley-test-ports')
  mkdirSync(folder, { recursive: true })
  const [taken, left] = [31_901, 31_903]
  // The parent of this process runs, and no process has the last id.
  writeFileSync(join(folder, `${taken}`), `${process.ppid}`)
  writeFileSync(join(folder, `${left}`), `${2 ** 31 - 1}`)
  try {
    draw((taken - 20_000 + 0.5) / 12_000, (left - 20_000 + 0.5) / 12_000)
    expect(await freePort()).toBe(left)
  } finally {
    rmSync(join(folder, `${taken}`), { force: true })
  }
})

test('a port on which a server listens is not given', async () => {
  const server = createServer()
  await new Promise<void>((done) => server.listen(31_905, '127.0.0.1', done))
  draw((31_905 - 20_000 + 0.5) / 12_000, (31_907 - 20_000 + 0.5) / 12_000)
  expect(await freePort()).toBe(31_907)
  await new Promise((done) => server.close(done))
})
