import { cpus } from 'node:os'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Results, TakenProfile } from '../measure/rounds.ts'
import type { Comparison } from '../subjects/subject.ts'
import { costsTable, cpuCosts } from '../trace/profile.ts'
import { drawChart } from './chart.ts'
import { reportOf } from './table.ts'
import { summarize } from './summary.ts'

/** Writes the results of a subject as JSON, table and chart. Returns the table. */
export async function writeResults(
  folder: string,
  subject: Comparison,
  { samples, failures }: Results,
): Promise<string> {
  const cells = summarize(samples, subject)
  const table = reportOf(subject, cells, failures)
  const machine = { cores: cpus().length, model: cpus()[0]?.model, node: process.version }
  await mkdir(folder, { recursive: true })
  const results = { subject: subject.name, at: new Date().toISOString(), machine, cells, failures, samples }
  await writeFile(join(folder, `${subject.name}.json`), `${JSON.stringify(results, undefined, 2)}\n`)
  await writeFile(join(folder, `${subject.name}.md`), `${table}\n`)
  await writeFile(join(folder, `${subject.name}.svg`), drawChart(subject, cells))
  return table
}

const TOP_COSTS = 25

/** Writes a CPU profile, which Chrome DevTools can open, and beside it a table of what was most expensive. */
export async function keepProfile(folder: string, subject: string, taken: TakenProfile): Promise<void> {
  const { target, step, gateways, profile } = taken
  const name = `${subject}-${target}-${step}-${gateways}`.replaceAll(/[^\w-]+/g, '-')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `${name}.cpuprofile`), JSON.stringify(profile))
  await writeFile(join(folder, `${name}.profile.md`), `${costsTable(cpuCosts(profile), TOP_COSTS)}\n`)
}
