import { COLORS } from '../report/colors.ts'
import { markdown, plain } from '../report/markdown.ts'
import { type Band, drawPanels, type Panel } from '../report/panels.ts'
import { type Flatness, judge } from './flatness.ts'
import type { Minute } from './minute.ts'
import { SERIES } from './series.ts'

/** The result of a soak. */
export type Soak = Readonly<{
  at: string
  gateways: number
  pairs: number
  perSecond: number
  /** Throughput of a closed loop before the soak. Undefined if the rate was given. */
  bestPerSecond?: number
  intervalSeconds: number
  minutes: readonly Minute[]
  /** After all messages had time to arrive. */
  ending: Pick<Minute, 'open' | 'lost' | 'repeated' | 'backwards' | 'redelivered' | 'reconnects' | 'refused'>
}>

/** With fewer intervals, the last two thirds are too few to judge. */
const FEWEST_INTERVALS = 6

/** Returns whether nothing grew, and nothing was lost, repeated or out of order. */
export function hasPassed(soak: Soak): boolean {
  const { lost, repeated, backwards } = soak.ending
  return lost + repeated + backwards === 0 && verdicts(soak).every(({ isFlat }) => isFlat)
}

export function reportOf(soak: Soak): string {
  return ['# Soak', describe(soak), verdictTable(soak), describeEnding(soak), minutesTable(soak)].join('\n\n')
}

export function drawSoak({ minutes, perSecond, gateways, intervalSeconds }: Soak): string {
  const from = Math.floor(minutes.length / 3)
  const bands: readonly Band[] = [{ from, to: minutes.length - 1, color: COLORS.shade }]
  return drawPanels({
    title: `${whole(perSecond)} messages a second, number of gateways: ${gateways}`,
    subtitle: 'The shaded part is judged.',
    places: minutes.map(({ minute }) => label(minute, intervalSeconds)),
    columns: 2,
    panels: PANELS.map(({ keys, ...panel }) => ({
      ...panel,
      bands,
      series: Object.entries(keys).map(([name, key]) => ({ name, values: minutes.map((one) => one[key]) })),
    })),
  })
}

const PANELS: readonly (Pick<Panel, 'title' | 'isLogarithmic'> & { keys: Record<string, keyof Minute> })[] = [
  { title: 'send → receive, ms', isLogarithmic: true, keys: { p50: 'p50', p99: 'p99' } },
  { title: 'gateways, MB', keys: { resident: 'residentMb', 'heap after GC': 'heapMb' } },
  { title: 'open', keys: { connections: 'connections', 'file descriptors': 'descriptors' } },
  { title: 'Redis keys', keys: { keys: 'redisKeys' } },
  { title: 'Redis memory, MB', keys: { used: 'redisMb' } },
  { title: 'other processes, share of the machine', keys: { others: 'others' } },
]

function describe({ at, perSecond, bestPerSecond, gateways, pairs, minutes, intervalSeconds }: Soak): string {
  const total = minutes.reduce((sum, { offered }) => sum + offered, 0)
  const best =
    bestPerSecond === undefined ? '' : `, half of the ${plain(bestPerSecond)} of a closed loop before`
  const others = minutes.map((minute) => minute.others * 100)
  return [
    `${at}: ${plain((minutes.length * intervalSeconds) / 60)} minutes with ${plain(total)} messages of ${pairs} pairs`,
    `over ${gateways} gateways, ${plain(perSecond)} a second${best}.`,
    `Other processes took ${plain(Math.min(...others))} to ${plain(Math.max(...others))} % of the machine.`,
  ].join('\n')
}

type Verdict = Flatness & Readonly<{ title: string; unit: string }>

function verdicts({ minutes }: Soak): readonly Verdict[] {
  if (minutes.length < FEWEST_INTERVALS) return []
  return SERIES.map(({ key, title, unit, tolerance }) => ({
    title,
    unit,
    ...judge(
      minutes.map((minute) => minute[key]),
      tolerance,
    ),
  }))
}

function verdictTable(soak: Soak): string {
  const rows = verdicts(soak).map(({ title, unit, median, growth, allowed, isFlat }) => [
    unit === '' ? title : `${title}, ${unit}`,
    plain(median),
    signed(growth),
    plain(allowed),
    isFlat ? 'flat' : '**grows**',
  ])
  if (rows.length === 0) return `Too short to judge: it needs ${FEWEST_INTERVALS} intervals.`
  return markdown([['last two thirds', 'median', 'growth', 'tolerated', 'verdict'], ...rows])
}

function describeEnding({ ending }: Soak): string {
  const { lost, repeated, backwards, redelivered, reconnects, refused, open } = ending
  return [
    `Lost: ${lost}. Repeated: ${repeated}. Out of order: ${backwards}. Refused: ${refused}. Unanswered: ${open - lost}.`,
    `Recipients left and returned ${whole(reconnects)} times. They then received ${whole(redelivered)} messages again`,
    'that they had not acknowledged, as they must.',
  ].join('\n')
}

function minutesTable({ minutes, intervalSeconds }: Soak): string {
  const head = [
    'time',
    'messages',
    ...SERIES.map(({ title, unit }) => (unit === '' ? title : `${title}, ${unit}`)),
    'gateway CPU, µs a message',
    'others, %',
  ]
  const rows = minutes.map((minute) => [
    label(minute.minute, intervalSeconds),
    plain(minute.offered),
    ...SERIES.map(({ key }) => plain(minute[key])),
    plain(minute.gatewayUs),
    plain(minute.others * 100),
  ])
  return markdown([head, ...rows])
}

function label(number: number, intervalSeconds: number): string {
  const seconds = number * intervalSeconds
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`
}

function whole(value: number): string {
  return value.toLocaleString('en')
}

function signed(value: number): string {
  return value < 0 ? `−${plain(-value)}` : plain(value)
}
