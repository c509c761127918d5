import { spawnSync } from 'node:child_process'
import { mkdtempSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { type FaultRecord, faultTable } from './fault-table.ts'

// npm run faults -- --rounds 3 redis gateways: runs the tests with faults several times, and prints what each fault
// has cost as a table.

const command = new Command('npm run faults --')
  .description('Brings about faults while users send, and prints how long healing took and what was lost.')
  .argument('[names...]', 'parts of the names of files in test/chaos (default: all)')
  .option('-r, --rounds <count>', 'how often', '1')
  .parse()
const names = command.args.map((name) => `test/chaos/${name}`)
const { rounds } = command.opts<{ rounds: string }>()

const folder = mkdtempSync(join(tmpdir(), 'parley-faults-'))
const file = join(folder, 'records.jsonl')
let failures = 0
for (let round = 0; round < Number(rounds); round++) {
  const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'chaos', ...names], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', process.stderr, process.stderr],
    env: { ...process.env, FAULT_RECORDS: file },
    shell: process.platform === 'win32',
  })
  if (status !== 0) failures += 1
}

const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
rmSync(folder, { recursive: true })
process.stdout.write(`${faultTable(lines.map((line) => JSON.parse(line) as FaultRecord))}\n`)
if (failures > 0) {
  process.stderr.write(`${failures} of ${rounds} rounds had a test that failed. Their output is above.\n`)
  process.exitCode = 1
}
