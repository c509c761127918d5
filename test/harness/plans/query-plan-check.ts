import type pg from 'pg'
import type { PlanNode } from './query-plan.ts'

/** Columns that select few rows of a table. `limited`: few only if a LIMIT ends the scan. */
type AccessPath = Readonly<{ columns: readonly string[]; limited?: true }>

/**
 * The access paths of each table that grows. Every scan has to bind the columns of one of them through an index. The
 * number of rows then does not depend on other chats: one row, one page, the members of one chat, or the chats or
 * devices of one user.
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
  attachments: [{ columns: ['chat_id', 'message_seq'] }],
  uploads: [{ columns: ['id'] }],
  upload_parts: [{ columns: ['upload_id'] }],
  upload_usages: [{ columns: ['day', 'user_id'] }],
  members: [{ columns: ['chat_id'] }, { columns: ['user_id'] }],
  device_positions: [{ columns: ['chat_id', 'user_id'] }, { columns: ['user_id', 'device_id'] }],
  devices: [{ columns: ['user_id'] }],
  users: [{ columns: ['id'] }],
  direct_chats: [{ columns: ['low_user_id', 'high_user_id'] }],
  created_groups: [{ columns: ['creator_id', 'client_chat_id'] }],
  member_change_keys: [{ columns: ['chat_id', 'key'] }],
  chat_marks: [{ columns: ['chat_id', 'follower_id', 'user_id'] }, { columns: ['follower_id'] }],
  follower_positions: [{ columns: ['chat_id', 'follower_id'] }, { columns: ['follower_id'] }],
  push_targets: [{ columns: ['user_id'] }, { columns: ['digest'] }, { columns: ['token_id'] }],
  pushes: [{ columns: ['chat_id'] }, { columns: ['user_id', 'device_id'] }],
  deleted_chats: [{ columns: ['chat_id'] }],
  revocations: [{ columns: ['change'] }, { columns: ['user_id'] }, { columns: ['token_id'] }],
  server_calls: [{ columns: ['id'] }],
}

/** Tables that do not grow: one row, one per failover or restore, or those that an operator has written. */
const SMALL_TABLES: ReadonlySet<string> = new Set([
  'service_level_commands',
  'revocation_changes',
  'log_sweeps',
  'media_keys',
  'timelines',
  'restorations',
  'webhooks',
  'followers',
  'server_keys',
])

/** Nodes that stream their rows, so that a LIMIT above them ends the scan below. */
const STREAMING: ReadonlySet<string> = new Set([
  'Limit',
  'LockRows',
  'Nested Loop',
  'Append',
  'Merge Append',
  'Result',
  'Subquery Scan',
])

/** The indexes of a database. */
export type Indexes = Readonly<{
  /** The columns of each index, in order. */
  columns: ReadonlyMap<string, readonly string[]>
  /** A partial index that holds only pending work. A limited scan of it may start anywhere. */
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

/** Returns the problems of a plan. There are none if each scan of a growing table reads few rows through an index. */
export function findPlanProblems(plan: PlanNode, indexes: Indexes): readonly string[] {
  return [...checkNode(plan, false, indexes)]
}

function* checkNode(node: PlanNode, isLimited: boolean, indexes: Indexes): Generator<string, void, void> {
  const table = node['Relation Name']
  const isWorklistScan =
    indexes.worklist !== undefined && node['Index Name'] === indexes.worklist && isLimited
  if (table !== undefined && isScan(node) && !isWorklistScan)
    yield* checkScan(node, tableOf(table), isLimited, indexes)
  for (const child of node.Plans ?? [])
    yield* checkNode(child, isLimitedBelow(node, child, isLimited), indexes)
}

/** A Tid Scan reads rows by their place in the table. The scan that found the places is checked itself. */
function isScan({ 'Node Type': type }: PlanNode): boolean {
  return type.endsWith('Scan') && type !== 'Tid Scan'
}

/** Returns the table of a partition. */
function tableOf(relation: string): string {
  return relation.replace(/_part_\d+$/, '')
}

/** In a join, LIMIT counts rows of the outer side. The inner side is read to its end for each of them. */
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
  const paths = ACCESS_PATHS[table]
  if (paths === undefined) {
    yield `${table}: has no access path. Add one to ACCESS_PATHS.`
    return
  }
  const { name, condition } = indexScanOf(node)
  const where = `${node['Node Type']} on ${table}${condition === '' ? '' : ` by ${condition}`}`
  const bound = boundColumns(condition, indexes.columns.get(name) ?? [])
  const accessPath = paths.find(({ columns }) => columns.every((column) => bound.has(column)))
  if (accessPath === undefined)
    yield `${where}: binds none of ${paths.map(({ columns }) => columns.join(' + ')).join(', ')}`
  else if (accessPath.limited && !isLimited) yield `${where}: reads a whole chat without a limit`
  else if (accessPath.limited && node.Filter !== undefined) {
    yield `${where}: the limit does not count rows removed by the filter ${node.Filter}`
  }
}

/** Returns the condition of the index only: rows removed by a filter have been read before. */
function indexScanOf(node: PlanNode): Readonly<{ name: string; condition: string }> {
  const [below] = node['Node Type'] === 'Bitmap Heap Scan' ? (node.Plans ?? []) : [node]
  return { name: below?.['Index Name'] ?? '', condition: below?.['Index Cond'] ?? '' }
}

/** Returns the leading columns of an index that the condition binds by equality. */
function boundColumns(condition: string, columns: readonly string[]): ReadonlySet<string> {
  const equalities = condition.matchAll(/\((?:\w+\.)?"?(\w+)"?(?:\)::\w+)? = /g)
  const equal = new Set([...equalities].map(([, column = '']) => column))
  const end = columns.findIndex((column) => !equal.has(column))
  // Without a bound first column, the whole index is read.
  return new Set(end === -1 ? columns : columns.slice(0, end))
}
