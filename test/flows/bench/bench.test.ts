import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

type Results = Readonly<{
  cells: readonly Readonly<{
    target: string
    figures: Readonly<Record<string, { median: number }>>
    cpuUs: Readonly<Record<string, { median: number }>>
  }>[]
}>

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
