import type { ClientBase } from 'pg'

/**
 * SQL with a name. Each connection prepares it once under that name, so a name must stand for one text in the whole
 * process. Variable parts are parameters ($1 …), never part of the text.
 */
export type Statement = Readonly<{
  name: string
  text: string
  /** `arrays`: a row is an array of the values of its columns, which takes less time than an object. */
  rows?: 'arrays'
}>

/** A statement with values. */
export type StatementCall = Readonly<{ statement: Statement; values: readonly unknown[] }>

/** Runs a statement on a borrowed connection. The rows are not checked against `Row`. */
export async function runStatement<Row>(
  client: ClientBase,
  { name, text, rows: kind }: Statement,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const config = { name, text, values: [...values] }
  if (kind === undefined) return (await client.query<Row & object>(config)).rows
  return (await client.query<Row & unknown[]>({ ...config, rowMode: 'array' })).rows
}
