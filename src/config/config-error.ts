/** The environment is invalid. `problems` has one sentence per mistake, each with a fix. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`
    super([`The environment has ${count}:`, ...problems.map((problem) => `  - ${problem}`)].join('\n'))
    this.problems = problems
  }
}

/** The result of one stage. */
export type Parsed<Value> =
  Readonly<{ type: 'parsed'; value: Value }> | Readonly<{ type: 'rejected'; problems: readonly string[] }>
