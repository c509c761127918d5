import pg from 'pg'
import { inDependencyOrder } from './in-dependency-order.ts'
import type { Session } from './session.ts'

/** A table of the database, as its catalogue describes it. */
export type Table = Readonly<{
  name: string
  /** Those that hold values of their own, in order. */
  columns: readonly string[]
  /** The tables that its foreign keys point at. */
  refersTo: readonly string[]
  /** As the server last counted; 0 where it never did. */
  estimatedRows: number
}>

/** Where the numbers of a sequence have come to. */
export type Sequence = Readonly<{ name: string; lastValue: string }>

/** What is in no backup, and why. Everything else of the schema is, whoever added it. */
export const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ['_prisma_migrations', 'the manifest names the migrations, and a restore applies them itself'],
  [
    'timelines',
    'which promotions were seen of this very server; on another one they would shut out its primary',
  ],
])

// The catalogue alone; locks nothing. Tables of extensions are not ours, and partitions are read with their table.
const TABLES = `
  SELECT c.relname AS name, greatest(c.reltuples, 0)::float8 AS "estimatedRows",
    ARRAY(
      SELECT a.attname::text FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      ORDER BY a.attnum
    ) AS columns,
    ARRAY(
      SELECT DISTINCT r.relname::text FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid
      WHERE k.conrelid = c.oid AND k.contype = 'f' AND r.oid <> c.oid
    ) AS "refersTo"
  FROM pg_class c
  WHERE c.relnamespace = current_schema()::text::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
  ORDER BY c.relname`

const SEQUENCES = `
  SELECT sequencename AS name, last_value::text AS "lastValue" FROM pg_sequences
  WHERE schemaname = current_schema() AND last_value IS NOT NULL ORDER BY sequencename`

/** The tables that a backup has, in an order in which they can be filled. */
export async function readTables({ client }: Session): Promise<readonly Table[]> {
  const { rows } = await client.query<Table>(TABLES)
  return inDependencyOrder(rows.filter(({ name }) => !LEFT_OUT.has(name)))
}

/** Numbers that were given out are never taken back, not even by a snapshot: these are as high as any that it shows. */
export async function readSequences({ client }: Session): Promise<readonly Sequence[]> {
  return (await client.query<Sequence>(SEQUENCES)).rows
}

/** A table and its columns as they are written in COPY. */
export function tableWithColumns({ name, columns }: Pick<Table, 'name' | 'columns'>): string {
  return `${pg.escapeIdentifier(name)} (${columnList(columns)})`
}

/** The columns as they are written in a statement. */
export function columnList(columns: readonly string[]): string {
  return columns.map((column) => pg.escapeIdentifier(column)).join(', ')
}
