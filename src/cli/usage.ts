import { VARIABLES } from '../config/variables.ts'
import type { Verb } from './verb.ts'
import { VERBS } from './verbs.ts'

const INDENT = 2
const GAP = 3

/** One verb, or all of them: what follows a sentence about a command line that made no sense. */
export function shortUsage(verb: Verb | undefined): string {
  const usage = verb === undefined ? ['Usage: parley <verb>', '', ...verbLines()] : usageOf(verb)
  return [...usage, '', '"parley --help" lists the environment variables too.'].join('\n')
}

/** What `parley --help` prints. */
export function fullUsage(): string {
  const variables = VARIABLES.map((variable): Row => [
    variable.name,
    `${variable.meaning} (default: ${variable.default})`,
  ])
  return ['Usage: parley <verb>', '', ...verbLines(), '', 'Environment:', ...columns(variables)].join('\n')
}

type Row = readonly [left: string, right: string]

function usageOf({ name, synopsis, summary }: Verb): string[] {
  return [`Usage: parley ${name} ${synopsis}`.trimEnd(), '', `${' '.repeat(INDENT)}${summary}`]
}

function verbLines(): string[] {
  return columns([...VERBS.map(verbRow), ['--help', 'prints this'], ['--version', "prints Parley's version"]])
}

function verbRow({ name, synopsis, summary }: Verb): Row {
  return [name, synopsis === '' ? summary : `${synopsis}\n${summary}`]
}

function columns(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + GAP
  return rows.flatMap(([left, right]) =>
    right
      .split('\n')
      .map((line, index) => ' '.repeat(INDENT) + (index === 0 ? left : '').padEnd(width) + line),
  )
}
