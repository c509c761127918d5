import type { Comparison } from '../subjects/subject.ts'
import { drawPanels } from './panels.ts'
import type { Cell } from './summary.ts'

/** Returns an SVG with one panel per figure: bars for each system, or lines if there are several steps. */
export function drawChart({ name, summary, figures, steps }: Comparison, cells: readonly Cell[]): string {
  const targets = [...new Set(cells.map(({ target }) => target))]
  const places = [...new Set(cells.map(placeOf))]
  const valueAt = (target: string, place: string, key: string): number =>
    cells.find((cell) => cell.target === target && placeOf(cell) === place)?.figures[key]?.median ?? NaN
  return drawPanels({
    title: name,
    subtitle: summary,
    places,
    type: steps.length > 1 ? 'line' : 'bar',
    panels: figures.map(({ key, title, unit }) => ({
      title: `${title}, ${unit}`,
      isLogarithmic: unit === 'ms',
      series: targets.map((target) => ({
        name: target,
        values: places.map((place) => valueAt(target, place, key)),
      })),
    })),
  })
}

function placeOf({ step, gateways }: Cell): string {
  return `${step}, ${gateways === 1 ? 'one gateway' : `${gateways} gateways`}`
}
