import { parseCommandLine } from './command-line.ts'
import { describeFailure } from './failure.ts'
import { fullUsage, shortUsage } from './usage.ts'
import { type Process, UsageError } from './verb.ts'
import { verbNamed } from './verbs.ts'
import { readVersion } from './version.ts'

/**
 * `parley` as a function: does what the arguments (after the program's name) ask for and answers with the exit
 * code: 0 done, 1 failed, 2 not understood. Never rejects.
 */
export async function main(argv: readonly string[], process: Process): Promise<number> {
  try {
    return await run(argv, process)
  } catch (error) {
    if (!(error instanceof UsageError)) {
      process.notice(describeFailure(error, process.env['LOG_LEVEL'] === 'debug'))
      return 1
    }
    process.notice(`${error.message}\n\n${shortUsage(verbNamed(argv[0]))}`)
    return 2
  }
}

async function run(argv: readonly string[], process: Process): Promise<number> {
  const command = parseCommandLine(argv)
  switch (command.type) {
    case 'help':
      process.print(fullUsage())
      return 0
    case 'version':
      process.print(await readVersion())
      return 0
    case 'run':
      return (await command.verb.load())(command.args, process)
    default:
      return command satisfies never
  }
}
