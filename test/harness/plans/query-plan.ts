import type pg from 'pg'
import type { SentStatement } from './recorded-statements.ts'

/** A node of a plan, as EXPLAIN (FORMAT JSON) writes it. */
export type PlanNode = Readonly<{
  'Node Type': string
  /** How many rows the planner expects. */
  'Plan Rows'?: number
  'Parent Relationship'?: string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  'Recheck Cond'?: string
  Filter?: string
  /** With ANALYZE: how often it was started. */
  'Actual Loops'?: number
  /** With ANALYZE: average rows per loop. */
  'Actual Rows'?: number
  /** With BUFFERS: pages of 8 KiB read by this node and the nodes below it. */
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  Plans?: readonly PlanNode[]
}>

type ExplainRow = Readonly<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>

/** Returns the generic plan, which PostgreSQL uses for a prepared statement after a few runs. */
export async function genericPlan(client: pg.Client, { text }: SentStatement): Promise<PlanNode> {
  return only(await client.query<ExplainRow>(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`))
}

/** Makes a superuser's connection report the plan of each executed statement, for `executedPlan`. */
export async function enablePlanReports(client: pg.Client): Promise<void> {
  await client.query(`
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_analyze = on;
    SET auto_explain.log_buffers = on;
    SET auto_explain.log_timing = off;
    SET auto_explain.log_format = 'json';
    SET auto_explain.log_level = 'notice';
    SET plan_cache_mode = force_generic_plan`)
}

/** Runs a statement as Parley does and rolls it back. Returns its plan with the rows and pages of each node. */
export async function executedPlan(client: pg.Client, { text, values }: SentStatement): Promise<PlanNode> {
  const notices: string[] = []
  const listen = ({ message = '' }: { message?: string | undefined }): void => void notices.push(message)
  client.on('notice', listen)
  await client.query('BEGIN')
  try {
    await client.query(text, [...values])
  } finally {
    await client.query('ROLLBACK')
    client.off('notice', listen)
  }
  const json = notices.find((message) => message.includes('plan:'))?.replace(/^[^{]*/, '')
  if (json === undefined) throw new Error('The server reported no plan. Call enablePlanReports first.')
  return (JSON.parse(json) as Readonly<{ Plan: PlanNode }>).Plan
}

function only({ rows: [row] }: pg.QueryResult<ExplainRow>): PlanNode {
  const plan = row?.['QUERY PLAN'][0]?.Plan
  if (plan === undefined) throw new Error('EXPLAIN returned no plan.')
  return plan
}

export function* nodesOf(plan: PlanNode): Generator<PlanNode, void, void> {
  yield plan
  for (const child of plan.Plans ?? []) yield* nodesOf(child)
}
