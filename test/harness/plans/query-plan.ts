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
  /** With ANALYZE: how often it was begun; 0 where never. */
  'Actual Loops'?: number
  /** With ANALYZE: on average of its loops. */
  'Actual Rows'?: number
  /** With BUFFERS: pages of 8 KiB that it and what lies below it looked at. */
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  Plans?: readonly PlanNode[]
}>

type Answer = Readonly<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>

/** The plan for whatever values come: the one that a prepared statement is run by in the long run. */
export async function genericPlan(client: pg.Client, { text }: SentStatement): Promise<PlanNode> {
  return only(await client.query<Answer>(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`))
}

/** Lets a superuser's connection tell the plan of each statement that it has run; see `ranPlan`. */
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

/** Runs it as Parley does, and takes back whatever it changed; with what each node did, and how many pages it touched. */
export async function executedPlan(client: pg.Client, { text, values }: SentStatement): Promise<PlanNode> {
  const told: string[] = []
  const listen = ({ message = '' }: { message?: string | undefined }): void => void told.push(message)
  client.on('notice', listen)
  await client.query('BEGIN')
  try {
    await client.query(text, [...values])
  } finally {
    await client.query('ROLLBACK')
    client.off('notice', listen)
  }
  const json = told.find((message) => message.includes('plan:'))?.replace(/^[^{]*/, '')
  if (json === undefined) throw new Error('The server told no plan: has tellPlans been called?')
  return (JSON.parse(json) as Readonly<{ Plan: PlanNode }>).Plan
}

function only({ rows: [row] }: pg.QueryResult<Answer>): PlanNode {
  const plan = row?.['QUERY PLAN'][0]?.Plan
  if (plan === undefined) throw new Error('EXPLAIN gave no plan')
  return plan
}

export function* nodesOf(plan: PlanNode): Generator<PlanNode, void, void> {
  yield plan
  for (const child of plan.Plans ?? []) yield* nodesOf(child)
}
