import { parseArgs } from 'node:util'
import { nearest } from '../lib/text.ts'
import { type Arguments, UsageError, type Verb } from './verb.ts'
import { VERBS, verbNamed } from './verbs.ts'

/** What a command line asks for. */
export type Command =
  | Readonly<{ type: 'help' }>
  | Readonly<{ type: 'version' }>
  | Readonly<{ type: 'run'; verb: Verb; args: Arguments }>

/** Understands the arguments after the program's name. Throws UsageError where they say nothing that can be done. */
export function parseCommandLine(argv: readonly string[]): Command {
  const [first, ...rest] = argv
  if (first === undefined) throw new UsageError('Which verb?')
  if (['--help', '-h', 'help'].includes(first) || rest.includes('--help')) return { type: 'help' }
  if (['--version', '-v'].includes(first)) return { type: 'version' }
  const verb = verbNamed(first)
  if (verb === undefined) throw unknown(first.startsWith('-') ? 'option' : 'verb', first, verbNames)
  return { type: 'run', verb, args: parseArguments(verb, rest) }
}

const verbNames = VERBS.map(({ name }) => name)

// Not `strict`: its errors are worded for programmers, and stop at the first mistake of a kind.
function parseArguments({ name, options, positionals: wanted }: Verb, rest: readonly string[]): Arguments {
  const { positionals, tokens } = parseArgs({
    args: [...rest],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values: Record<string, string> = {}
  for (const token of tokens) {
    if (token.kind === 'option') values[token.name] = optionValue(token, options)
  }
  if (positionals.length < wanted.length)
    throw new UsageError(`"parley ${name}" needs a <${wanted.join('> <')}>.`)
  const [superfluous] = positionals.slice(wanted.length)
  if (superfluous !== undefined) throw new UsageError(`"parley ${name}" has no use for "${superfluous}".`)
  return { positionals, values }
}

type OptionToken = Readonly<{ name: string; rawName: string; value?: string | undefined }>

function optionValue({ name, rawName, value }: OptionToken, options: Verb['options']): string {
  const isFlag = options[name]?.type === 'boolean'
  if (options[name] === undefined) {
    throw unknown(
      'option',
      rawName,
      Object.keys(options).map((known) => `--${known}`),
    )
  }
  if (isFlag && value !== undefined) throw new UsageError(`${rawName} takes no value.`)
  if (!isFlag && (value === undefined || value === '')) throw new UsageError(`${rawName} needs a value.`)
  return value ?? 'true'
}

function unknown(kind: 'verb' | 'option', word: string, known: readonly string[]): UsageError {
  const meant = nearest(word, known, () => 2)
  return new UsageError(
    `Unknown ${kind} "${word}"${meant === undefined ? '.' : `: did you mean "${meant}"?`}`,
  )
}
