import { stdout } from 'node:process'
import { styleText } from 'node:util'
import type { AddHelpTextContext, Command } from 'commander'
import { describeVariable, VARIABLES } from '../config/variables.ts'
import type { Process } from './process.ts'

const MAX_WIDTH = 100

/** Sends a program's output through `print` and `notice`, and highlights headings if it goes to a terminal. */
export function writeTo(program: Command, { env, print, notice, isTerminal }: Process): void {
  const hasColors = isTerminal && (env['NO_COLOR'] ?? '') === ''
  program.configureOutput({
    writeOut: (text) => print(text.trimEnd()),
    writeErr: (text) => {
      if (text.trim() === '') notice('')
      else notice(text.trimEnd())
    },
    outputError: (text, write) => write(plainError(text)),
    getOutHelpWidth: helpWidth,
    getErrHelpWidth: helpWidth,
    getOutHasColors: () => hasColors,
    getErrHasColors: () => hasColors,
  })
  program.configureHelp({ styleTitle: bold, sortSubcommands: false })
}

/** Says `'loud' is not a valid level.`, in place of commander's words for a rejected argument. */
function plainError(text: string): string {
  return text.replace(
    /^error: command-argument value '(.*)' is invalid for argument '(.*?)'\./s,
    "error: '$1' is not a valid $2.",
  )
}

/** Renders examples below a command's help. */
export function examples(...lines: readonly string[]): string {
  return ['', bold('Examples:'), ...lines.map((line) => `  $ ${line}`)].join('\n')
}

/** Lists the environment variables below the program's help. After an error, only says how to list them. */
export function environmentHelp({ error, command }: AddHelpTextContext): string {
  if (error) return '\n"parley --help" also lists the environment variables.'
  const helper = command.createHelp()
  helper.prepareContext({ helpWidth: helpWidth() })
  const width = Math.max(...VARIABLES.map(({ name }) => name.length))
  const items = VARIABLES.map((variable) =>
    helper.formatItem(variable.name, width, describeVariable(variable), helper),
  )
  return ['', bold('Environment:'), ...items].join('\n')
}

// commander removes the style again if the output has no colours.
function bold(text: string): string {
  return styleText('bold', text, { validateStream: false })
}

function helpWidth(): number {
  return stdout.isTTY ? Math.min(stdout.columns, MAX_WIDTH) : MAX_WIDTH
}
