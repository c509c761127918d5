/** The environment can't be used as it is; `problems` has every mistake in it, each with how to mend it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`
    super([`The environment has ${count}:`, ...problems.map((problem) => `  - ${problem}`)].join('\n'))
    this.problems = problems
  }
}

/** What one stage made of the environment: a value that is only good where there are no problems. */
export type Parsed<Value> =
  Readonly<{ type: 'parsed'; value: Value }> | Readonly<{ type: 'refused'; problems: readonly string[] }>
