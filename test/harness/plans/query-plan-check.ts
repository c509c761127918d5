import type pg from 'pg'
import type { PlanNode } from './query-plan.ts'

/** Columns that pin a table's rows down to few. `limited`: to few only where a LIMIT ends the scan. */
type AccessPath = Readonly<{ columns: readonly string[]; limited?: true }>

/**
 * The ways to the rows of each table that grows: whatever else a scan asks for, it has to pin one of these by an index.
 * What that leaves does not depend on how much there is in other chats: one row, a page, the members of one chat, the
 * chats or devices of one person.
 */
const ACCESS_PATHS: Readonly<Record<string, readonly AccessPath[]>> = {
  chats: [{ columns: ['id'] }],
  chat_events: [{ columns: ['chat_id', 'seq'] }, { columns: ['chat_id'], limited: true }],
  log_floors: [{ columns: ['chat_id'] }],
  messages: [
    { columns: ['chat_id', 'seq'] },
    { columns: ['chat_id', 'sender_id', 'client_message_id'] },
    { columns: ['chat_id'], limited: true },
  ],
  reactions: [{ columns: ['chat_id', 'message_seq'] }],
  members: [{ columns: ['chat_id'] }, { columns: ['user_id'] }],
  device_positions: [{ columns: ['chat_id', 'user_id'] }, { columns: ['user_id', 'device_id'] }],
  devices: [{ columns: ['user_id'] }],
  users: [{ columns: ['id'] }],
  direct_chats: [{ columns: ['low_user_id', 'high_user_id'] }],
  created_groups: [{ columns: ['creator_id', 'client_chat_id'] }],
}

/** Tables that don't grow: one row, or one for each failover or restore. */
const SMALL_TABLES: ReadonlySet<string> = new Set([
  'service_level_commands',
  'log_sweeps',
  'timelines',
  'restorations',
])

/** Nodes that pass rows on as they come, so that a LIMIT above them ends the scan below. */
const STREAMING: ReadonlySet<string> = new Set([
  'Limit',
  'LockRows',
  'Nested Loop',
  'Append',
  'Merge Append',
  'Result',
  'Subquery Scan',
])

/** What is to be known of a database to judge plans on it. */
export type Indexes = Readonly<{
  /** The columns of each, in order. */
  columns: ReadonlyMap<string, readonly string[]>
  /** One that holds only what has yet to be done: a scan of it may begin anywhere, if a limit ends it. */
  worklist?: string | undefined
}>

const INDEX_COLUMNS = `
  SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('i', 'I')
  GROUP BY c.oid`

export async function readIndexes(client: pg.Client): Promise<Indexes> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(INDEX_COLUMNS)
  return { columns: new Map(rows.map(({ name, columns }) => [name, columns])) }
}

/** What is wrong with a plan whose tables grow, in words; nothing where each scan reads few rows by an index. */
export function findPlanProblems(plan: PlanNode, indexes: Indexes): readonly string[] {
  return [...checkNode(plan, false, indexes)]
}

function* checkNode(node: PlanNode, isLimited: boolean, indexes: Indexes): Generator<string, void, void> {
  const table = node['Relation Name']
  const isSweep = indexes.worklist !== undefined && node['Index Name'] === indexes.worklist && isLimited
  if (table !== undefined && isScan(node) && !isSweep)
    yield* checkScan(node, tableOf(table), isLimited, indexes)
  for (const child of node.Plans ?? [])
    yield* checkNode(child, isLimitedBelow(node, child, isLimited), indexes)
}

function isScan({ 'Node Type': type }: PlanNode): boolean {
  return type.endsWith('Scan')
}

/** A partition stands for its table. */
function tableOf(relation: string): string {
  return relation.replace(/_part_\d+$/, '')
}

/** Of a join, LIMIT counts the rows of the outer side: for each of them the inner one is read to its end. */
function isLimitedBelow({ 'Node Type': type }: PlanNode, child: PlanNode, isLimited: boolean): boolean {
  if (!STREAMING.has(type)) return false
  const isInner = child['Parent Relationship'] !== 'Outer' && child['Parent Relationship'] !== 'Member'
  if (isInner && type !== 'Subquery Scan') return false
  return isLimited || type === 'Limit'
}

function* checkScan(
  node: PlanNode,
  table: string,
  isLimited: boolean,
  indexes: Indexes,
): Generator<string, void, void> {
  if (SMALL_TABLES.has(table) || table.startsWith('pg_')) return
  const ways = ACCESS_PATHS[table]
  if (ways === undefined) {
    yield `${table}: nobody has said how its rows are found; add it to the ways`
    return
  }
  const { name, condition } = indexScanOf(node)
  const where = `${node['Node Type']} on ${table}${condition === '' ? '' : ` by ${condition}`}`
  const pinned = pinnedBy(condition, indexes.columns.get(name) ?? [])
  const way = ways.find(({ columns }) => columns.every((column) => pinned.has(column)))
  if (way === undefined)
    yield `${where}: pins none of ${ways.map(({ columns }) => columns.join(' + ')).join(', ')}`
  else if (way.limited && !isLimited) yield `${where}: a whole chat, which nothing limits`
  else if (way.limited && node.Filter !== undefined) {
    yield `${where}: what the filter ${node.Filter} leaves out, the limit does not count`
  }
}

/** By the index alone: what a filter leaves out was read before. */
function indexScanOf(node: PlanNode): Readonly<{ name: string; condition: string }> {
  const [below] = node['Node Type'] === 'Bitmap Heap Scan' ? (node.Plans ?? []) : [node]
  return { name: below?.['Index Name'] ?? '', condition: below?.['Index Cond'] ?? '' }
}

/** The first columns of an index, as far as the condition requires them to be equal to something. */
function pinnedBy(condition: string, columns: readonly string[]): ReadonlySet<string> {
  const equalities = condition.matchAll(/\((?:\w+\.)?"?(\w+)"?(?:\)::\w+)? = /g)
  const equal = new Set([...equalities].map(([, column = '']) => column))
  const end = columns.findIndex((column) => !equal.has(column))
  // An index whose first column is left open is read from one end to the other, or skipped through.
  return new Set(end === -1 ? columns : columns.slice(0, end))
}
