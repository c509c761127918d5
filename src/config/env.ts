import { editDistance, nearest } from '../lib/text.ts'
import { VARIABLES, type VariableName } from './variables.ts'

/** What a process is given, as `process.env` has it. */
export type RawEnvironment = Readonly<Record<string, string | undefined>>

/** Our variables alone. An empty one counts as not set, because compose files and shells write them so. */
export type Environment = Readonly<Partial<Record<VariableName, string>>>

const NAMES: readonly VariableName[] = VARIABLES.map(({ name }) => name)

/** Takes out what is Parley's, and says what looks as if it was meant to be. Values are not looked into here. */
export function readEnvironment(raw: RawEnvironment): { values: Environment; problems: readonly string[] } {
  const values: Partial<Record<VariableName, string>> = {}
  for (const name of NAMES) {
    const value = raw[name]
    if (value !== undefined && value !== '') values[name] = value
  }
  return { values, problems: [...straySpaces(values), ...strayNames(raw, values)] }
}

/** Copying from a page or a file brings line ends along; in a key or an address they only ever do harm. */
function straySpaces(values: Environment): string[] {
  return NAMES.filter((name) => values[name] !== values[name]?.trim()).map(
    (name) => `${name} begins or ends with white space: take that away.`,
  )
}

function strayNames(raw: RawEnvironment, values: Environment): string[] {
  const problems: string[] = []
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined || value === '' || isOurs(name) || isServiceLink(name, value)) continue
    const problem = prefixed(name) ?? misspelt(name, values)
    if (problem !== undefined) problems.push(problem)
  }
  return problems
}

function isOurs(name: string): boolean {
  return NAMES.some((ours) => ours === name)
}

/**
 * Kubernetes and Docker tell every container where a service named "parley" is, in variables that begin just
 * like ours would if ours had a prefix: PARLEY_SERVICE_HOST, PARLEY_PORT=tcp://10.0.0.7:4000, PARLEY_PORT_4000_TCP_ADDR.
 */
function isServiceLink(name: string, value: string): boolean {
  return /^PARLEY_(SERVICE_(HOST|PORT.*)|PORT_\d+_(TCP|UDP).*)$/.test(name) || /^(tcp|udp):\/\//.test(value)
}

const PREFIX = 'PARLEY'

/** Names of ours have no prefix. One that is nearly "PARLEY_" counts where what follows is nearly one of ours. */
function prefixed(name: string): string | undefined {
  const [prefix = '', ...rest] = name.toUpperCase().split('_')
  if (rest.length === 0 || editDistance(prefix, PREFIX) > 1) return undefined
  const meant = nearest(rest.join('_'), NAMES, () => (prefix === PREFIX ? 3 : 1))
  if (meant === undefined && prefix !== PREFIX) return undefined
  const mend =
    meant === undefined ? 'take it away; "parley --help" lists the names' : `did you mean ${meant}?`
  return `${name} is not a variable that Parley reads: ${mend}`
}

/** A name is a slip only while the one it resembles is not set; so whoever needs both can have both. */
function misspelt(name: string, values: Environment): string | undefined {
  const word = name.toUpperCase()
  const candidates = NAMES.filter((candidate) => values[candidate] === undefined && isSlip(word, candidate))
  const meant = nearest(word, candidates, ({ length }) => (length < 9 ? 1 : 2))
  if (meant === undefined) return undefined
  return `${name} is not a variable that Parley reads: did you mean ${meant}? If it belongs to another program, take it out of Parley's environment or set ${meant} as well.`
}

/**
 * What differs from a short word by a letter is mostly a word too (SORT, POST, HOSTS): only two letters that changed
 * places are a slip there. And LOGLEVEL or LOG_LEVEL is a matter of taste that other programs have decided otherwise.
 */
function isSlip(word: string, meant: VariableName): boolean {
  if (word.split('_').length !== meant.split('_').length) return false
  return meant.length > 4 || sortedLetters(word) === sortedLetters(meant)
}

function sortedLetters(word: string): string {
  return Array.from(word).sort().join('')
}
