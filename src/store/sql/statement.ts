import type { ClientBase } from 'pg'

/**
 * SQL with a name. Each connection prepares it once under that name, so a name must stand for one text in the whole
 * process. Variable parts are parameters ($1 …), never part of the text.
 */
export type Statement = Readonly<{ name: string; text: string }>

/** A statement with values. */
export type StatementCall = Readonly<{ statement: Statement; values: readonly unknown[] }>

/** Runs a statement on a borrowed connection. The rows are not checked against `Row`. */
export async function runStatement<Row>(
  client: ClientBase,
  { name, text }: Statement,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const { rows } = await client.query<Row & object>({ name, text, values: [...values] })
  return rows
}
