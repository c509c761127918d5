import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

type Results = Readonly<{
  cells: readonly Readonly<{
    target: string
    figures: Readonly<Record<string, { median: number }>>
    cpuUs: Readonly<Record<string, { median: number }>>
  }>[]
}>

type SoakResult = Readonly<{ minutes: readonly object[]; ending: object }>

const FEW = ['--rounds', '1', '--seconds', '0.4', '--warm-up', '0.1', '--pairs', '3', '--members', '4']

/** Runs the command and returns the results of one subject. */
async function bench(subject: string, ...options: readonly string[]): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-test-'))
  try {
    const args = ['bench/bench.ts', subject, ...FEW, ...options, '--out', folder]
    await promisify(execFile)(process.execPath, args)
    expect(await readFile(join(folder, `${subject}.svg`), 'utf8')).toContain('<svg')
    return JSON.parse(await readFile(join(folder, `${subject}.json`), 'utf8')) as Results
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Five systems start one after the other, which takes a minute on a busy machine. */
const FIVE_STARTS_MS = 180_000

test('measures Parley and every peer with the same work', { timeout: FIVE_STARTS_MS }, async () => {
  const { cells } = await bench('fanout')
  expect(cells.map(({ target }) => target)).toEqual([
    'parley',
    'bare-ws',
    'graphql-ws',
    'yoga',
    'hand-written',
  ])
  for (const { figures } of cells) {
    expect(figures['perSecond']?.median).toBeGreaterThan(0)
    expect([figures['refused']?.median, figures['lost']?.median]).toEqual([0, 0])
  }
})

test.each(['history', 'hot-chat', 'connect', 'replay'])('measures %s', async (subject) => {
  const { cells } = await bench(subject, '--targets', 'parley', '--gateways', '1')
  expect(cells[0]?.figures['perSecond']?.median).toBeGreaterThan(0)
  expect(cells[0]?.figures['lost']?.median).toBe(0)
})

test('measures latency at a fixed rate', async () => {
  const { cells } = await bench('rate', '--targets', 'parley', '--gateways', '2', '--rates', '50')
  expect(cells[0]?.figures['p50']?.median).toBeGreaterThan(0)
  expect(cells[0]?.figures['lost']?.median).toBe(0)
})

test('a benchmark that is killed leaves no PostgreSQL and no data', { timeout: FIVE_STARTS_MS }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-test-'))
  try {
    const args = ['bench/bench.ts', 'history', '--targets', 'parley', '--out', folder]
    const env = { ...process.env, BENCH_DIR: folder }
    const killed = spawn(process.execPath, args, { env, stdio: 'ignore' })
    const pidIn = async (): Promise<number> => {
      const [file] = await Array.fromAsync(glob(join(folder, '*', 'postgres', 'postmaster.pid')))
      return file === undefined ? 0 : Number.parseInt(await readFile(file, 'utf8'), 10)
    }
    const isGatewayStarting = async () =>
      (await Array.fromAsync(glob(join(folder, '*', 'parley-1.log')))).length > 0
    await expect.poll(isGatewayStarting, { timeout: FIVE_STARTS_MS }).toBe(true)
    const postgres = await pidIn()
    expect(postgres).toBeGreaterThan(0)
    expect(isAlive(postgres)).toBe(true)
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    await expect.poll(() => isAlive(postgres), { timeout: 20_000 }).toBe(false)
    await expect.poll(() => readdir(folder), { timeout: 20_000 }).toEqual([])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test(
  'a soak that is interrupted writes its report and stops all servers',
  { timeout: FIVE_STARTS_MS },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-bench-test-'))
    try {
      const out = join(folder, 'out')
      const args = ['bench/soak/soak.ts', '--rate', '50', '--pairs', '3', '--interval', '1', '--out', out]
      const env = { ...process.env, BENCH_DIR: folder }
      // Its own group: Ctrl-C reaches the load process as well.
      const soak = spawn(process.execPath, args, { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
      const exit = once(soak, 'exit')
      for await (const line of createInterface(soak.stderr)) if (line.includes('2 of ')) break
      process.kill(-(soak.pid ?? 0), 'SIGINT')
      expect(await exit).toEqual([0, null])
      const { minutes, ending } = JSON.parse(await readFile(join(out, 'soak.json'), 'utf8')) as SoakResult
      expect(minutes.length).toBeGreaterThanOrEqual(2)
      expect(minutes[0]).toMatchObject({ offered: 50, connections: 6, refused: 0 })
      expect(ending).toMatchObject({ open: 0, lost: 0, repeated: 0, backwards: 0 })
      expect(await readFile(join(out, 'soak.svg'), 'utf8')).toContain('<svg')
      expect(await readdir(folder)).toEqual(['out'])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
