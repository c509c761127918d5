import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS } from '../../harness/people/browser.ts'

test(
  'measures the frames of scrolling up and down',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-bench-test-'))
    try {
      const args = ['bench/bench.ts', 'scroll', '--messages', '150', '--out', folder]
      await promisify(execFile)(process.execPath, args)
      const report = await readFile(join(folder, 'scroll.md'), 'utf8')
      const rows = report.split('\n').filter((line) => /^\| (up|down)/.test(line))
      const frames = rows.map((row) => Number(row.split('|')[2]))
      expect(frames.map((count) => count > 20)).toEqual([true, true])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  BROWSER_TIMEOUT_MS,
)
