import { OPERATIONS, type OperationName } from './operations.ts'
import type { Measured } from './measure.ts'
import type { Pages } from './page-counts.ts'
import { powerOf, type Size } from './sizes.ts'

/** A line of a chart: one value for each size. */
type Series = Readonly<{ name: string; color: string; values: readonly number[] }>
type Panel = Readonly<{ title: string; series: readonly Series[] }>

const WIDTH = 860
const [COLUMNS, PANEL_WIDTH, PANEL_HEIGHT] = [2, 330, 110]
const [LEFT, TOP, STEP_X, STEP_Y] = [70, 70, 430, 180]
const [BLUE, RED, GREY] = ['#1f6feb', '#cf222e', '#6e7781']
const TITLES: Readonly<Record<OperationName, string>> = {
  send: 'send to a chat of two, ms',
  sendToLargest: 'send to a largest group, ms',
  history: 'a page of history, ms',
  chatList: 'the chat list, ms',
}

/** Returns an SVG that shows which figures grow with the number of messages. */
export function draw(measured: ReadonlyMap<Size, Measured>, pages: ReadonlyMap<Size, Pages>): string {
  const sizes = [...measured.keys()]
  const panels = [...latencyPanels(measured), replayPanel(measured), pagesPanel(pages)]
  const height = TOP + Math.ceil(panels.length / COLUMNS) * STEP_Y
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    text(LEFT, 28, 'The same operations with 10³ to 10⁷ messages in the database', 'font-size="18"'),
    ...panels.flatMap((panel, index) =>
      drawPanel(panel, sizes, LEFT + (index % COLUMNS) * STEP_X, TOP + Math.floor(index / COLUMNS) * STEP_Y),
    ),
    '</svg>',
    '',
  ].join('\n')
}

function latencyPanels(measured: ReadonlyMap<Size, Measured>): Panel[] {
  return (Object.keys(OPERATIONS) as OperationName[]).map((name) => {
    const latencies = [...measured.values()].map(({ latencies }) => latencies[name])
    return {
      title: TITLES[name],
      series: [
        { name: 'p50', color: BLUE, values: latencies.map(({ p50 }) => p50) },
        { name: 'p99', color: RED, values: latencies.map(({ p99 }) => p99) },
      ],
    }
  })
}

function replayPanel(measured: ReadonlyMap<Size, Measured>): Panel {
  const speeds = [...measured.values()].map(({ replays }) => replays)
  return {
    title: 'replay, events a second',
    series: [
      { name: '1,000 behind', color: BLUE, values: speeds.map((speed) => speed['phone-1000'][1]) },
      { name: '10,000 behind', color: RED, values: speeds.map((speed) => speed['phone-10000'][1]) },
    ],
  }
}

function pagesPanel(pages: ReadonlyMap<Size, Pages>): Panel {
  const of = (key: string) => [...pages.values()].map((ofSize) => ofSize.get(key) ?? 0)
  return {
    title: 'pages touched',
    series: [
      { name: 'send', color: BLUE, values: of('send message_append') },
      { name: 'history', color: RED, values: of('history message_list_backwards') },
      { name: 'chat list', color: GREY, values: of('chatList chat_list') },
    ],
  }
}

function drawPanel(
  { title, series }: Panel,
  sizes: readonly Size[],
  x: number,
  y: number,
): readonly string[] {
  const end = niceEnd(Math.max(1, ...series.flatMap(({ values }) => values)))
  const yOf = (value: number): number => y + PANEL_HEIGHT * (1 - value / end)
  const xOf = (index: number): number => x + PANEL_WIDTH * ((index + 0.5) / sizes.length)
  return [
    text(x, y - 8, title, 'font-weight="bold"'),
    ...series.map(({ name, color }, index) =>
      text(
        x + PANEL_WIDTH - (series.length - 1 - index) * 84,
        y - 8,
        name,
        `fill="${color}" text-anchor="end"`,
      ),
    ),
    ...[0, end / 2, end].map((tick) => gridLine(tick, x, yOf(tick))),
    ...sizes.map((size, index) =>
      text(xOf(index), y + PANEL_HEIGHT + 16, powerOf(size), `fill="${GREY}" text-anchor="middle"`),
    ),
    ...series.flatMap(({ color, values }) => line(values, color, xOf, yOf)),
  ]
}

function line(
  values: readonly number[],
  color: string,
  xOf: (index: number) => number,
  yOf: (value: number) => number,
): readonly string[] {
  const points = values.map((value, index) => `${xOf(index).toFixed(1)},${yOf(value).toFixed(1)}`)
  const dots = points.map((point) => {
    const [cx, cy] = point.split(',')
    return `<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`
  })
  return [
    `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="1.5"/>`,
    ...dots,
  ]
}

/** Returns the next of 1, 2, 5, 10, 20 … */
function niceEnd(max: number): number {
  const unit = 10 ** Math.floor(Math.log10(max))
  return unit * ([1, 2, 5, 10].find((step) => step * unit >= max) ?? 10)
}

function gridLine(value: number, x: number, y: number): string {
  const rule = `<line x1="${x}" x2="${x + PANEL_WIDTH}" y1="${y}" y2="${y}" stroke="#d0d7de"/>`
  return rule + text(x - 6, y + 4, value.toLocaleString('en'), `fill="${GREY}" text-anchor="end"`)
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${content}</text>`
}
