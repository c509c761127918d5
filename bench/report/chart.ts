import { init } from 'echarts'
import type { Subject } from '../subjects/subject.ts'
import type { Cell } from './summary.ts'

const [WIDTH, PANEL_HEIGHT, TOP, BOTTOM] = [860, 260, 90, 30]

/** Returns an SVG with one panel per figure: bars for each system, or lines if there are several steps. */
export function drawChart({ name, summary, figures, steps }: Subject, cells: readonly Cell[]): string {
  const targets = [...new Set(cells.map(({ target }) => target))]
  const places = [...new Set(cells.map(placeOf))]
  const height = TOP + figures.length * PANEL_HEIGHT
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  const valueAt = (target: string, place: string, key: string): number | undefined =>
    cells.find((cell) => cell.target === target && placeOf(cell) === place)?.figures[key]?.median
  chart.setOption({
    animation: false,
    backgroundColor: 'white',
    title: [
      { text: name, subtext: summary, left: 'center' },
      ...figures.map(({ title, unit }, index) => ({
        text: `${title}, ${unit}`,
        textStyle: { fontSize: 12 },
        left: 60,
        top: TOP + index * PANEL_HEIGHT,
      })),
    ],
    legend: { top: 58, data: targets },
    grid: figures.map((_, index) => ({
      left: 60,
      right: 20,
      top: TOP + 30 + index * PANEL_HEIGHT,
      height: PANEL_HEIGHT - 60 - BOTTOM,
    })),
    xAxis: figures.map((_, index) => ({ type: 'category', data: places, gridIndex: index })),
    yAxis: figures.map(({ unit }, index) => ({ type: unit === 'ms' ? 'log' : 'value', gridIndex: index })),
    series: figures.flatMap(({ key }, index) =>
      targets.map((target) => ({
        name: target,
        type: steps.length > 1 ? 'line' : 'bar',
        xAxisIndex: index,
        yAxisIndex: index,
        data: places.map((place) => valueAt(target, place, key) ?? null),
      })),
    ),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}

function placeOf({ step, gateways }: Cell): string {
  return `${step}, ${gateways === 1 ? 'one gateway' : `${gateways} gateways`}`
}
