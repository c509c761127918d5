/** The result of one run of a fault. */
export type FaultRecord = Readonly<{
  fault: string
  /** From the end of the fault until every device had everything, once for each time that the fault happened. */
  healingsMs: readonly number[]
  sends: number
  deliveries: number
  receipts: number
  /** Events that devices received again on a new subscription. Clients drop them. */
  again: number
  /** How often each guarantee was broken. */
  findings: Readonly<Record<string, number>>
}>

const HEAD = [
  'fault',
  'rounds',
  'sends',
  'slowest healing',
  'lost',
  'repeated',
  'backwards',
  'wrong receipts',
  'other',
  'received again',
]

/** The rules of the checker that each column counts. The others count as `other`. */
const COLUMNS = {
  lost: ['lost', 'missing'],
  repeated: ['repeated', 'repeated in one subscription'],
  backwards: ['out of order', 'overtaken'],
  receipts: ['receipt went back', 'receipt without change'],
} as const

/** Returns a Markdown table with one row for each fault, over all of its runs. */
export function faultTable(records: readonly FaultRecord[]): string {
  const rows = [...Map.groupBy(records, ({ fault }) => fault)].map(([fault, runs]) => rowOf(fault, runs))
  return [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function rowOf(fault: string, runs: readonly FaultRecord[]): readonly string[] {
  const total = (count: (run: FaultRecord) => number): string =>
    runs.reduce((sum, run) => sum + count(run), 0).toLocaleString('en')
  const found = (rules: readonly string[]): string =>
    total(({ findings }) => rules.reduce((sum, rule) => sum + (findings[rule] ?? 0), 0))
  const known: readonly string[] = Object.values(COLUMNS).flat()
  const healings = runs.flatMap(({ healingsMs }) => healingsMs)
  return [
    fault,
    `${Math.max(runs.length, healings.length)}`,
    total(({ sends }) => sends),
    healings.length === 0 ? '–' : `${Math.max(...healings).toLocaleString('en')} ms`,
    ...Object.values(COLUMNS).map(found),
    total(({ findings }) =>
      Object.entries(findings).reduce((sum, [rule, count]) => sum + (known.includes(rule) ? 0 : count), 0),
    ),
    total(({ again }) => again),
  ]
}
