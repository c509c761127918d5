import type pg from 'pg'
import type { ClientBase } from 'pg'
import { type Columns, PreparedCall } from './prepared-call.ts'

/**
 * SQL with a name. Each connection prepares it once under that name, so a name must stand for one text in the whole
 * process. Variable parts are parameters ($1 …), never part of the text.
 */
export type Statement = Readonly<{
  name: string
  text: string
  /** For a statement that runs or returns a row for each message: the server need not describe its columns. */
  columns?: Columns
}>

/** A statement with values. */
export type StatementCall = Readonly<{ statement: Statement; values: readonly unknown[] }>

/** Runs a statement on a borrowed connection. The rows are not checked against `Row`. */
export function runStatement<Row>(
  client: ClientBase,
  statement: Statement,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const { name, text, columns } = statement
  return new Promise((resolve, reject) => {
    const respond: Respond<Row> = (error, result) => {
      if (error !== null && error !== undefined) reject(error)
      else resolve('rows' in result ? result.rows : result)
    }
    // With a promise of its own, node-postgres makes a closure for each query that lives in the old generation.
    const query = client.query.bind(client) as unknown as Query<Row>
    if (columns !== undefined) query(new PreparedCall<Row>(statement, columns, values), respond)
    else query({ name, text, values: [...values] }, respond)
  })
}

type Rows<Row> = readonly Row[]
type Respond<Row> = (
  error: Error | null | undefined,
  result: Rows<Row> | Readonly<{ rows: Rows<Row> }>,
) => void
/** The types of node-postgres do not know that a query of one's own gets the callback. */
type Query<Row> = (query: pg.Submittable | pg.QueryConfig, respond: Respond<Row>) => void
