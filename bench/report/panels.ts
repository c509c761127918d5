import { init } from 'echarts'
import { COLORS, PALETTE, withDarkColors } from './colors.ts'

/** One line, or one bar of each group. */
export type Series = Readonly<{ name: string; color?: string; values: readonly number[] }>

/** A stretch of the horizontal axis with a colour behind it. */
export type Band = Readonly<{ from: number; to: number; color: string }>

export type Panel = Readonly<{
  title: string
  isLogarithmic?: boolean
  series: readonly Series[]
  bands?: readonly Band[]
}>

export type Drawing = Readonly<{
  title: string
  subtitle?: string
  /** The values of the horizontal axis, which all panels share. */
  places: readonly string[]
  panels: readonly Panel[]
  type?: 'line' | 'bar'
  columns?: number
}>

const [WIDTH, HEIGHT, TOP, LEFT, RIGHT] = [860, 200, 100, 70, 20]
const LEGEND_TOP = 66

/** Returns an SVG with all panels below or beside each other. Values that are no numbers interrupt a line. */
export function drawPanels({
  title,
  subtitle = '',
  places,
  panels,
  type = 'line',
  columns = 1,
}: Drawing): string {
  const height = TOP + Math.ceil(panels.length / columns) * HEIGHT
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  const width = WIDTH / columns
  const placeOf = (index: number) => ({
    left: LEFT + (index % columns) * width,
    top: TOP + Math.floor(index / columns) * HEIGHT,
  })
  chart.setOption({
    animation: false,
    backgroundColor: COLORS.background,
    textStyle: { color: COLORS.text },
    title: [
      {
        text: title,
        subtext: subtitle,
        left: 'center',
        textStyle: { color: COLORS.text },
        subtextStyle: { color: COLORS.muted },
      },
      ...panels.map((panel, index) => ({
        text: panel.title,
        textStyle: { fontSize: 12, color: COLORS.text },
        ...placeOf(index),
      })),
    ],
    legend: hasCommonLegend(panels)
      ? commonLegend(panels)
      : panels.map(({ series }, index) => {
          const { left, top } = placeOf(index)
          return {
            // The title says what a single series is.
            data: series.length === 1 ? [] : series.map(({ name }) => name),
            top,
            right: WIDTH - left - width + LEFT + RIGHT,
            itemHeight: 8,
            textStyle: { color: COLORS.text },
          }
        }),
    grid: panels.map((_, index) => {
      const { left, top } = placeOf(index)
      return { left, top: top + 30, width: width - LEFT - RIGHT, height: HEIGHT - 75 }
    }),
    xAxis: panels.map((_, index) => ({
      type: 'category',
      data: places,
      gridIndex: index,
      axisLabel: { color: COLORS.muted },
      axisLine: { lineStyle: { color: COLORS.axis } },
      axisTick: { lineStyle: { color: COLORS.axis } },
    })),
    yAxis: panels.map(({ isLogarithmic = false }, index) => ({
      type: isLogarithmic ? 'log' : 'value',
      gridIndex: index,
      axisLabel: { color: COLORS.muted },
      splitLine: { lineStyle: { color: COLORS.grid } },
    })),
    series: panels.flatMap(({ series, bands = [] }, index) =>
      series.map(({ name, color, values }, number) => ({
        name,
        type,
        xAxisIndex: index,
        yAxisIndex: index,
        showSymbol: places.length <= 10,
        itemStyle: { color: color ?? PALETTE[number % PALETTE.length] },
        data: values.map((value) => (Number.isFinite(value) ? value : null)),
        ...(number === 0 && { markArea: areasOf(bands) }),
      })),
    ),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${withDarkColors(svg)}\n`
}

/** If all panels have the same series, they share a legend, and their titles have room. */
function hasCommonLegend(panels: readonly Panel[]): boolean {
  const [first = '', ...others] = panels.map((panel) => namesOf(panel).join('\n'))
  return others.length > 0 && first.includes('\n') && others.every((names) => names === first)
}

function commonLegend(panels: readonly Panel[]) {
  const data = panels.slice(0, 1).flatMap(namesOf)
  return { data, top: LEGEND_TOP, left: 'center', itemHeight: 8, textStyle: { color: COLORS.text } }
}

function namesOf({ series }: Panel): readonly string[] {
  return series.map(({ name }) => name)
}

function areasOf(bands: readonly Band[]) {
  return {
    silent: true,
    data: bands.map(({ from, to, color }) => [{ xAxis: from, itemStyle: { color } }, { xAxis: to }]),
  }
}
