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
  /** `arrays`: a row is an array of the values of its columns, which takes less time than an object. */
  rows?: 'arrays'
  /** For a statement that runs for each message: its columns need not be described by the server. No `rows` then. */
  columns?: Columns
}>

/** A statement with values. */
export type StatementCall = Readonly<{ statement: Statement; values: readonly unknown[] }>

/** Runs a statement on a borrowed connection. The rows are not checked against `Row`. */
export async function runStatement<Row>(
  client: ClientBase,
  statement: Statement,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const { name, text, rows: kind, columns } = statement
  if (columns !== undefined) return runCall(client, new PreparedCall<Row>(statement, columns, values))
  const config = { name, text, values: [...values] }
  if (kind === undefined) return (await client.query<Row & object>(config)).rows
  return (await client.query<Row & unknown[]>({ ...config, rowMode: 'array' })).rows
}

type RunCall = (
  call: pg.Submittable,
  callback: (error: Error | null | undefined, rows: readonly unknown[]) => void,
) => void

/** The types of node-postgres do not know that a query of one's own gets the callback. */
function runCall<Row>(client: ClientBase, call: PreparedCall<Row>): Promise<readonly Row[]> {
  const query = client.query.bind(client) as unknown as RunCall
  return new Promise((resolve, reject) => {
    query(call, (error, rows) => {
      if (error === null || error === undefined) resolve(rows as readonly Row[])
      else reject(error)
    })
  })
}
