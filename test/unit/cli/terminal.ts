import { main } from '../../../src/cli/cli.ts'
import type { RawEnvironment } from '../../../src/config/env.ts'

/** The exit code of a command, and its output. */
export type Outcome = Readonly<{ code: number; printed: string; noticed: string }>

/** Runs `parley` with these arguments in an environment with nothing but `env`. */
export async function parley(argv: readonly string[], env: RawEnvironment = {}): Promise<Outcome> {
  const printed: string[] = []
  const noticed: string[] = []
  const code = await main(argv, {
    env,
    isTerminal: false,
    print: (line) => void printed.push(line),
    notice: (line) => void noticed.push(line),
  })
  return { code, printed: printed.join('\n'), noticed: noticed.join('\n') }
}
