// The peak day: npm run bench -- peak. Offers more and more messages, up to several times the machine's capacity, once
// with service levels and once without.
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Server, startGateway } from '../servers/gateway.ts'
import { SECRET, startPlace } from '../servers/place.ts'
import type { Subject } from '../subjects/subject.ts'
import { HERE } from '../targets/parley.ts'
import { draw } from './chart.ts'
import { readMetrics } from './metrics.ts'
import type { Ending, Line, Row, Second } from './samples.ts'
import { describeEnding, tableOf } from './table.ts'

const RUNS = [
  { name: 'with-levels', hasLevels: true, title: 'A peak day with service levels' },
  { name: 'without-levels', hasLevels: false, title: 'The same day without them' },
] as const

type Run = (typeof RUNS)[number]
type Outcome = Readonly<{ rows: readonly Row[]; ending: Ending }>

export const peak: Subject = {
  name: 'peak',
  summary: 'a peak day with several times the load that the machine can carry (five minutes)',
  isLong: true,
  async run({ out }) {
    const folder = join(out, 'peak')
    await mkdir(folder, { recursive: true })
    const texts: string[] = []
    for (const run of RUNS) {
      process.stderr.write(`${run.title}\n`)
      const { rows, ending } = await measure(run)
      const text = `# ${run.title}\n\n${tableOf(rows)}\n\n${describeEnding(ending)}`
      await writeFile(join(folder, `${run.name}.svg`), draw(run.title, rows))
      await writeFile(join(folder, `${run.name}.md`), `${text}\n`)
      texts.push(text)
    }
    return texts.join('\n\n')
  },
}

async function measure({ hasLevels }: Run): Promise<Outcome> {
  await using resources = new AsyncDisposableStack()
  const place = resources.use(await startPlace())
  const gateway = resources.use(
    await startGateway({
      name: 'gateway',
      root: HERE,
      databaseUrl: await place.createDatabase('peak'),
      secret: SECRET,
      folder: place.folder,
      env: { SERVICE_LEVELS: hasLevels ? 'auto' : 'manual' },
    }),
  )
  return await watch(gateway)
}

/** Starts the simulated users, and reads the gateway's metrics after each of their seconds. */
async function watch(gateway: Server): Promise<Outcome> {
  const url = `http://127.0.0.1:${gateway.port}/graphql`
  const people = spawn(process.execPath, [fileURLToPath(new URL('users.ts', import.meta.url)), url, SECRET], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
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

async function rowOf(second: Second, { adminPort }: Server): Promise<Row> {
  const row = { ...second, ...(await readMetrics(adminPort)) }
  const { at, offered, acknowledged, level } = row
  process.stderr.write(`${at} s: ${offered} offered, ${acknowledged} acknowledged, level ${level}\n`)
  return row
}

/** JSON has no NaN and writes null instead. */
function parseLine(text: string): Line {
  return JSON.parse(text, (_key, value: unknown) => value ?? NaN) as Line
}
