import { editDistance, nearest } from '../lib/text.ts'
import { VARIABLES, type VariableName } from './variables.ts'

/** Environment variables as `process.env` has them. */
export type RawEnvironment = Readonly<Record<string, string | undefined>>

/** Parley's variables. An empty one counts as not set, because compose files and shells write unset variables so. */
export type Environment = Readonly<Partial<Record<VariableName, string>>>

const NAMES: readonly VariableName[] = VARIABLES.map(({ name }) => name)

/**
 * The first stage: picks Parley's variables, and reports names that look like a misspelt one. Does not check values.
 */
export function readEnvironment(raw: RawEnvironment): { values: Environment; problems: readonly string[] } {
  const values: Partial<Record<VariableName, string>> = {}
  for (const name of NAMES) {
    const value = raw[name]
    if (value !== undefined && value !== '') values[name] = value
  }
  return { values, problems: [...straySpaces(values), ...strayNames(raw, values)] }
}

/** A copied value often has a line end, which makes a key or an address wrong. */
function straySpaces(values: Environment): string[] {
  return NAMES.filter((name) => values[name] !== values[name]?.trim()).map(
    (name) => `${name} begins or ends with white space: remove it.`,
  )
}

function strayNames(raw: RawEnvironment, values: Environment): string[] {
  const problems: string[] = []
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined || value === '' || isVariable(name) || isServiceLink(name, value)) continue
    if (BACKEND_NAMES.includes(name)) continue
    const problem = prefixed(name) ?? misspelt(name, values)
    if (problem !== undefined) problems.push(problem)
  }
  return problems
}

function isVariable(name: string): boolean {
  return NAMES.some((known) => known === name)
}

/**
 * Kubernetes and Docker set variables for a service named "parley" in every container. They look like Parley's
 * variables with a prefix: PARLEY_SERVICE_HOST, PARLEY_PORT=tcp://10.0.0.7:4000, PARLEY_PORT_4000_TCP_ADDR.
 */
function isServiceLink(name: string, value: string): boolean {
  return /^PARLEY_(SERVICE_(HOST|PORT.*)|PORT_\d+_(TCP|UDP).*)$/.test(name) || /^(tcp|udp):\/\//.test(value)
}

/**
 * The variables of the product's own backend in the documentation and in examples/product-backend.ts. It often shares a
 * shell or an environment file with Parley, and commands such as `parley webhook create` run there.
 */
const BACKEND_NAMES: readonly string[] = ['PARLEY_KEY', 'PARLEY_SERVER_API', 'PARLEY_WEBHOOK_SECRET']

const PREFIX = 'PARLEY'

/** Parley's names have no prefix. A prefix like "PARLEY_" is reported if a name like one of Parley's follows. */
function prefixed(name: string): string | undefined {
  const [prefix = '', ...rest] = name.toUpperCase().split('_')
  if (rest.length === 0 || editDistance(prefix, PREFIX) > 1) return undefined
  const meant = nearest(rest.join('_'), NAMES, () => (prefix === PREFIX ? 3 : 1))
  if (meant === undefined && prefix !== PREFIX) return undefined
  const hint = meant === undefined ? 'unset it; "parley --help" lists the names' : `did you mean ${meant}?`
  return `${name} is not a variable that Parley reads: ${hint}`
}

/** A name counts as misspelt only if the variable that it resembles is not set. So both names can be used together. */
function misspelt(name: string, values: Environment): string | undefined {
  const word = name.toUpperCase()
  const candidates = NAMES.filter(
    (candidate) => values[candidate] === undefined && isMisspelling(word, candidate),
  )
  const meant = nearest(word, candidates, ({ length }) => (length < 9 ? 1 : 2))
  if (meant === undefined) return undefined
  return `${name} is not a variable that Parley reads: did you mean ${meant}? If it belongs to another program, remove it from Parley's environment or set ${meant} as well.`
}

/**
 * A word that differs from a short name by one letter is often a valid word (SORT, POST, HOSTS), so for short names
 * only swapped letters count. Names with other numbers of parts (LOGLEVEL) are common in other programs and do not
 * count.
 */
function isMisspelling(word: string, meant: VariableName): boolean {
  if (word.split('_').length !== meant.split('_').length) return false
  return meant.length > 4 || sortedLetters(word) === sortedLetters(meant)
}

function sortedLetters(word: string): string {
  return Array.from(word).sort().join('')
}
