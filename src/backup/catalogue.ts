import pg from 'pg'
import type { BackupConnection } from './connection.ts'

/** A table of the database, as its catalogue describes it. */
export type Table = Readonly<{
  name: string
  /** The columns without generated ones, in order. */
  columns: readonly string[]
  /** The tables that its foreign keys reference. */
  refersTo: readonly string[]
  /** The server's last estimate. 0: none. */
  estimatedRows: number
}>

/** A sequence and its last value. */
export type Sequence = Readonly<{ name: string; lastValue: string }>

/** Tables that are not backed up, and why. All other tables of the schema are, including those of other programs. */
export const EXCLUDED_TABLES: ReadonlyMap<string, string> = new Map([
  ['_prisma_migrations', 'the manifest names the migrations, and a restore applies them'],
  ['timelines', 'they record the promotions of this server; on another server they would block its primary'],
])

// Reads only the catalogue, locks nothing. Leaves out tables of extensions, and partitions: they belong to their table.
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

/** The tables to back up, in an order in which they can be filled. */
export async function readTables({ client }: BackupConnection): Promise<readonly Table[]> {
  const { rows } = await client.query<Table>(TABLES)
  return inDependencyOrder(rows.filter(({ name }) => !EXCLUDED_TABLES.has(name)))
}

/** Sequences ignore snapshots, so these values may be newer than the snapshot. They are never older. */
export async function readSequences({ client }: BackupConnection): Promise<readonly Sequence[]> {
  return (await client.query<Sequence>(SEQUENCES)).rows
}

/** The table and its columns as COPY takes them. */
export function tableWithColumns({ name, columns }: Pick<Table, 'name' | 'columns'>): string {
  return `${pg.escapeIdentifier(name)} (${columnList(columns)})`
}

/** The escaped columns, comma-separated. */
export function columnList(columns: readonly string[]): string {
  return columns.map((column) => pg.escapeIdentifier(column)).join(', ')
}

/** An item that refers to others by name. */
export type Dependent = Readonly<{ name: string; refersTo: readonly string[] }>

/**
 * A stable topological sort: the items that an item refers to come before it. References to unknown names are ignored.
 * Throws if there is a cycle.
 */
export function inDependencyOrder<Item extends Dependent>(items: readonly Item[]): readonly Item[] {
  const ordered: Item[] = []
  let rest = [...items]
  while (rest.length > 0) {
    const missing = new Set(rest.map(({ name }) => name))
    const ready = rest.filter(({ refersTo }) => !refersTo.some((name) => missing.has(name)))
    if (ready.length === 0) throw new Error(`Cyclic references: ${[...missing].join(', ')}`)
    ordered.push(...ready)
    rest = rest.filter((item) => !ready.includes(item))
  }
  return ordered
}
