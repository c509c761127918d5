// The peak day: npm run bench:peak. Offers more and more messages, up to several times the machine's capacity, once
// with service levels and once without. Writes pictures and tables into docs/peak.
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts'
import { migrate } from '../../src/store/migrations/migrate.ts'
import { draw } from './chart.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { Ending, Line, Row, Second } from './samples.ts'
import { describeEnding, tableOf } from './table.ts'

const SECRET = 'a secret for the bench, of thirty-two bytes and more'
const OUT = fileURLToPath(new URL('../../docs/peak/', import.meta.url))
const RUNS = [
  { name: 'with-levels', hasLevels: true, title: 'A peak day with service levels' },
  { name: 'without-levels', hasLevels: false, title: 'The same day without them' },
] as const

type Run = (typeof RUNS)[number]
type Outcome = Readonly<{ rows: readonly Row[]; ending: Ending }>

async function measure({ hasLevels }: Run): Promise<Outcome> {
  await using resources = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-peak-'))
  resources.defer(() => rm(dataDir, { recursive: true, force: true }))
  const database = await startEmbeddedPostgres({ dataDir })
  resources.defer(() => database.stop())
  await migrate({ url: database.url })
  const gateway = resources.use(await startGateway({ databaseUrl: database.url, secret: SECRET, hasLevels }))
  return await watch(gateway)
}

/** Starts the simulated users, and reads the gateway's metrics after each of their seconds. */
async function watch(gateway: Gateway): Promise<Outcome> {
  const people = spawn(
    process.execPath,
    [fileURLToPath(new URL('users.ts', import.meta.url)), gateway.url, SECRET],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const rows: Promise<Row>[] = []
  let ending: Ending | undefined
  for await (const text of createInterface(people.stdout)) {
    const line = parseLine(text)
    if (line.type === 'second') rows.push(rowOf(line.second, gateway))
    else ending = line.ending
  }
  if (ending === undefined) throw new Error('The simulated users ended early.')
  return { rows: await Promise.all(rows), ending }
}

async function rowOf(second: Second, gateway: Gateway): Promise<Row> {
  const row = { ...second, ...(await gateway.look()) }
  const { at, offered, acknowledged, level } = row
  process.stderr.write(`${at} s: ${offered} offered, ${acknowledged} acknowledged, level ${level}\n`)
  return row
}

/** JSON has no NaN and writes null instead. */
function parseLine(text: string): Line {
  return JSON.parse(text, (_key, value: unknown) => value ?? NaN) as Line
}

const USAGE = `Usage: npm run bench:peak -- [${RUNS.map(({ name }) => name).join(' | ')}]

Without a name, both run, one after the other. Each takes two to three minutes. The pictures and tables in
${OUT} are replaced.
`

/** Returns the runs on the command line, or all. Returns undefined for an unknown name. */
function chosenRuns(): readonly Run[] | undefined {
  const names = process.argv.slice(2)
  const known = RUNS.map(({ name }): string => name)
  if (!names.every((name) => known.includes(name))) return undefined
  return RUNS.filter(({ name }) => names.length === 0 || names.includes(name))
}

/** Prints the usage and exits. */
function explain(): never {
  const isWanted = process.argv.includes('--help')
  const out = isWanted ? process.stdout : process.stderr
  out.write(USAGE)
  process.exit(isWanted ? 0 : 2)
}

const runs = chosenRuns() ?? explain()
await mkdir(OUT, { recursive: true })
for (const run of runs) {
  process.stderr.write(`${run.title}\n`)
  const { rows, ending } = await measure(run)
  await writeFile(join(OUT, `${run.name}.svg`), draw(run.title, rows))
  const table = `${tableOf(rows)}\n\n${describeEnding(ending)}\n`
  await writeFile(join(OUT, `${run.name}.md`), `# ${run.title}\n\n${table}`)
  process.stdout.write(`\n${run.title}\n\n${table}`)
}
