import { argv, exit, stdout } from 'node:process'

/** Prints the help of a script and ends the process if the command line asks for it. */
export function printHelp(text: string): void {
  if (!argv.includes('--help') && !argv.includes('-h')) return
  stdout.write(`${text}\n`)
  exit(0)
}
