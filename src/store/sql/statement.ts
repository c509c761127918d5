import type { ClientBase } from 'pg'

/**
 * SQL with a name, under which each connection prepares it once. A name stands for one text only, process-wide;
 * variable parts are parameters ($1 …), never text.
 */
export type Statement = Readonly<{ name: string; text: string }>

/** Runs a statement on a connection that is ours for the moment; answers with its rows as `Row` says they are. */
export async function runStatement<Row>(
  client: ClientBase,
  { name, text }: Statement,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const { rows } = await client.query<Row & object>({ name, text, values: [...values] })
  return rows
}
