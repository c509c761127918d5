import type { Row } from './samples.ts'

type Series = Readonly<{ name: string; color: string; of: (row: Row) => number }>
type Panel = Readonly<{ title: string; isLogarithmic?: boolean; series: readonly Series[] }>

const WIDTH = 860
const LEFT = 70
const PLOT_WIDTH = WIDTH - LEFT - 20
const PANEL_HEIGHT = 120
const PANEL_STEP = 168
const TOP = 70
const LEVEL_COLORS = ['none', '#fff3cd', '#f8d7da']
const [BLUE, RED, GREEN, GREY] = ['#1f6feb', '#cf222e', '#1a7f37', '#6e7781']

const PANELS: readonly Panel[] = [
  {
    title: 'messages a second',
    series: [
      { name: 'offered', color: GREY, of: ({ offered }) => offered },
      { name: 'acknowledged', color: BLUE, of: ({ acknowledged }) => acknowledged },
      { name: 'received', color: GREEN, of: ({ received }) => received },
    ],
  },
  {
    title: 'send → receive, ms',
    isLogarithmic: true,
    series: [
      { name: 'p50', color: BLUE, of: ({ receiveP50 }) => receiveP50 },
      { name: 'p99', color: RED, of: ({ receiveP99 }) => receiveP99 },
    ],
  },
  {
    title: 'arrival → receipt, ms',
    isLogarithmic: true,
    series: [
      { name: 'p50', color: BLUE, of: ({ receiptP50 }) => receiptP50 },
      { name: 'p99', color: RED, of: ({ receiptP99 }) => receiptP99 },
    ],
  },
  {
    title: 'refused sends a second',
    series: [
      { name: 'RATE_LIMITED', color: BLUE, of: ({ refused }) => refused['RATE_LIMITED'] ?? 0 },
      { name: 'UNAVAILABLE', color: RED, of: ({ refused }) => refused['UNAVAILABLE'] ?? 0 },
      { name: 'connection lost', color: GREY, of: ({ refused }) => refused['CONNECTION_LOST'] ?? 0 },
    ],
  },
  {
    title: 'memory of the gateway, MB',
    series: [{ name: 'resident', color: BLUE, of: ({ memoryMb }) => memoryMb }],
  },
]

/** Returns an SVG of a run: panels over the same seconds, with the service levels as bands behind them. */
export function draw(title: string, rows: readonly Row[]): string {
  const height = TOP + PANELS.length * PANEL_STEP + 10
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    text(LEFT, 26, title, 'font-size="18"'),
    legendOfLevels(),
    ...PANELS.flatMap((panel, index) => drawPanel(panel, rows, TOP + index * PANEL_STEP)),
    '</svg>',
    '',
  ].join('\n')
}

function legendOfLevels(): string {
  return ['NORMAL', 'BUSY', 'ESSENTIAL']
    .map((name, level) => {
      const x = LEFT + level * 110
      const box = `<rect x="${x}" y="36" width="14" height="14" fill="${LEVEL_COLORS[level]}" stroke="${GREY}"/>`
      return box + text(x + 20, 48, name)
    })
    .join('')
}

function drawPanel(panel: Panel, rows: readonly Row[], y: number): readonly string[] {
  const { title, series, isLogarithmic = false } = panel
  const values = series.flatMap(({ of }) => rows.map(of)).filter(Number.isFinite)
  const scale = scaleFor(Math.max(1, ...values), isLogarithmic, y)
  const xOf = (at: number): number => LEFT + (at / Math.max(1, rows.length)) * PLOT_WIDTH
  const names = series.map(({ name, color }, index) =>
    text(WIDTH - 20 - (series.length - index - 1) * 100, y - 6, name, `fill="${color}" text-anchor="end"`),
  )
  return [
    ...bands(rows, xOf, y),
    text(LEFT, y - 6, title, 'font-weight="bold"'),
    ...names,
    ...scale.ticks.map((tick) => gridLine(tick, scale.yOf(tick))),
    ...everyTenSeconds(rows, xOf, y),
    ...series.map((one) => lineOf(one, rows, xOf, scale.yOf)),
  ]
}

type Scale = Readonly<{ yOf: (value: number) => number; ticks: readonly number[] }>

function scaleFor(max: number, isLogarithmic: boolean, top: number): Scale {
  const bottom = top + PANEL_HEIGHT
  if (!isLogarithmic) {
    const unit = 10 ** Math.floor(Math.log10(max))
    const step = max / unit > 5 ? 2 * unit : max / unit > 2 ? unit : unit / 2
    const end = Math.ceil(max / step) * step
    const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step)
    return { yOf: (value) => bottom - (value / end) * PANEL_HEIGHT, ticks }
  }
  const decades = Math.max(1, Math.ceil(Math.log10(max)))
  const ticks = Array.from({ length: decades + 1 }, (_, index) => 10 ** index)
  return { yOf: (value) => bottom - (Math.log10(Math.max(1, value)) / decades) * PANEL_HEIGHT, ticks }
}

function bands(rows: readonly Row[], xOf: (at: number) => number, y: number): readonly string[] {
  const width = (xOf(1) - xOf(0)).toFixed(2)
  return rows
    .filter(({ level }) => level > 0)
    .map(({ at, level }) => {
      const fill = LEVEL_COLORS[level] ?? 'none'
      return `<rect x="${xOf(at).toFixed(2)}" y="${y}" width="${width}" height="${PANEL_HEIGHT}" fill="${fill}"/>`
    })
}

function gridLine(value: number, y: number): string {
  const line = `<line x1="${LEFT}" x2="${LEFT + PLOT_WIDTH}" y1="${y}" y2="${y}" stroke="#d0d7de"/>`
  return line + text(LEFT - 6, y + 4, value.toLocaleString('en'), `fill="${GREY}" text-anchor="end"`)
}

function everyTenSeconds(rows: readonly Row[], xOf: (at: number) => number, y: number): readonly string[] {
  const marks = rows.map(({ at }) => at).filter((at) => at % 10 === 0)
  return marks.map((at) =>
    text(xOf(at), y + PANEL_HEIGHT + 16, `${at} s`, `fill="${GREY}" text-anchor="middle"`),
  )
}

/** Draws a line. Seconds without a value interrupt it, and a single value is a dot. */
function lineOf(
  { color, of }: Series,
  rows: readonly Row[],
  xOf: (at: number) => number,
  yOf: (value: number) => number,
): string {
  let isPenDown = false
  const path = rows.map((row) => {
    const value = of(row)
    if (!Number.isFinite(value)) {
      isPenDown = false
      return ''
    }
    const point = `${xOf(row.at + 0.5).toFixed(1)} ${yOf(value).toFixed(1)}`
    const stroke = isPenDown ? `L${point}` : `M${point}h0`
    isPenDown = true
    return stroke
  })
  return `<path d="${path.join('')}" fill="none" stroke="${color}" stroke-width="1.5" stroke-linecap="round"/>`
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${content}</text>`
}
