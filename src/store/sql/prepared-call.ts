import type pg from 'pg'

/** The parsers of a row's columns by their names, in the order of the statement. They get what PostgreSQL writes. */
export type Columns = Readonly<Record<string, (text: string) => unknown>>

/** The part of the connection of node-postgres that a query uses. */
type Connection = Readonly<{
  stream: Readonly<{ cork(): void; uncork(): void }>
  parsedStatements: Record<string, string | undefined>
  submittedNamedStatements: Record<string, string | undefined>
  parse(query: Readonly<{ text: string; name: string }>): void
  bind(
    config: Readonly<{ statement: string; values: readonly unknown[]; valueMapper: typeof wireValue }>,
  ): void
  execute(config: Readonly<{ portal: string }>): void
  sync(): void
}>

/** The part of a statement that is sent. */
type Named = Readonly<{ name: string; text: string }>

type Callback<Row> = (error: Error | null | undefined, rows: readonly Row[]) => void

/**
 * One execution of a prepared statement whose columns are known. The ordinary query of node-postgres asks for a
 * description of the columns each time, and builds a result, an event emitter and several copies of its configuration.
 * That takes longer than all else that a gateway does for a short statement.
 *
 * node-postgres calls it by the interface of its queries: `submit` once, the handlers for what the server answers.
 */
export class PreparedCall<Row> implements pg.Submittable {
  /** Empty: the statement is not kept prepared. */
  name: string
  readonly text: string
  /** Set by node-postgres. */
  callback: Callback<Row> | undefined
  readonly #columns: readonly (readonly [string, (text: string) => unknown])[]
  readonly values: readonly unknown[]
  readonly #rows: Row[] = []

  constructor({ name, text }: Named, columns: Columns, values: readonly unknown[]) {
    this.name = name
    this.text = text
    this.#columns = entriesOf(columns)
    this.values = values
  }

  /** Sends everything with one system call. */
  submit(given: unknown): null {
    const connection = given as Connection
    connection.stream.cork()
    try {
      this.#parseOnce(connection)
      connection.bind({ statement: this.name, values: this.values, valueMapper: wireValue })
      connection.execute({ portal: '' })
      connection.sync()
    } finally {
      connection.stream.uncork()
    }
    return null
  }

  #parseOnce(connection: Connection): void {
    const { name, text } = this
    const { parsedStatements, submittedNamedStatements } = connection
    if (name !== '' && (parsedStatements[name] ?? submittedNamedStatements[name]) !== undefined) return
    connection.parse({ text, name })
    if (name !== '') submittedNamedStatements[name] = text
  }

  handleDataRow({ fields }: Readonly<{ fields: readonly (string | null)[] }>): void {
    const row: Record<string, unknown> = {}
    let index = 0
    for (const [name, parse] of this.#columns) {
      const text = fields[index]
      index += 1
      row[name] = text === null || text === undefined ? null : parse(text)
    }
    this.#rows.push(row as Row)
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  handleReadyForQuery(): void {
    this.callback?.(null, this.#rows)
  }

  handleError(error: Error): void {
    this.callback?.(error, [])
  }
}

/** Statements are few, and their columns never change. */
const entries = new WeakMap<Columns, readonly (readonly [string, (text: string) => unknown])[]>()

function entriesOf(columns: Columns): readonly (readonly [string, (text: string) => unknown])[] {
  const known = entries.get(columns)
  if (known !== undefined) return known
  const found = Object.entries(columns)
  entries.set(columns, found)
  return found
}

/** As node-postgres writes a value: arrays as those of PostgreSQL, other objects as JSON. */
function wireValue(value: unknown): string | Buffer | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value
  return Array.isArray(value) ? `{${value.map(elementText).join(',')}}` : JSON.stringify(value)
}

function elementText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'string') return `"${value.replaceAll(/["\\]/g, '\\$&')}"`
  return JSON.stringify(value)
}
