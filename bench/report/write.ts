import { cpus } from 'node:os'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sample } from '../measure/rounds.ts'
import type { Comparison } from '../subjects/subject.ts'
import { drawChart } from './chart.ts'
import { reportOf } from './table.ts'
import { summarize } from './summary.ts'

/** Writes the results of a subject as JSON, table and chart. Returns the table. */
export async function writeResults(
  folder: string,
  subject: Comparison,
  samples: readonly Sample[],
): Promise<string> {
  const cells = summarize(samples, subject)
  const table = reportOf(subject, cells)
  const machine = { cores: cpus().length, model: cpus()[0]?.model, node: process.version }
  await mkdir(folder, { recursive: true })
  const results = { subject: subject.name, at: new Date().toISOString(), machine, cells, samples }
  await writeFile(join(folder, `${subject.name}.json`), `${JSON.stringify(results, undefined, 2)}\n`)
  await writeFile(join(folder, `${subject.name}.md`), `${table}\n`)
  await writeFile(join(folder, `${subject.name}.svg`), drawChart(subject, cells))
  return table
}
