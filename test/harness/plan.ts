import type pg from 'pg'
import type { Sent } from './statements.ts'

/** A node of a plan, as EXPLAIN (FORMAT JSON) writes it. */
export type PlanNode = Readonly<{
  'Node Type': string
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
export async function genericPlan(client: pg.Client, { text }: Sent): Promise<PlanNode> {
  return only(await client.query<Answer>(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`))
}

/** Runs it, and takes back whatever it changed; with what each node did, and how many pages it touched. */
export async function ranPlan(client: pg.Client, { text, values }: Sent): Promise<PlanNode> {
  await client.query('BEGIN')
  try {
    return only(
      await client.query<Answer>(`EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT JSON) ${text}`, [...values]),
    )
  } finally {
    await client.query('ROLLBACK')
  }
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
