import type { Comparison } from '../subjects/subject.ts'
import { drawPanels } from './panels.ts'
import type { Cell } from './summary.ts'

/**
 * Returns an SVG with one panel per figure. Several steps are lines, and each number of gateways has panels of its own.
 * Otherwise each system is a bar.
 */
export function drawChart(subject: Comparison, cells: readonly Cell[]): string {
  return subject.steps.length > 1 ? drawLines(subject, cells) : drawBars(subject, cells)
}

function drawLines({ name, summary, figures, steps }: Comparison, cells: readonly Cell[]): string {
  const counts = [...new Set(cells.map(({ gateways }) => gateways))]
  return drawPanels({
    title: name,
    subtitle: summary,
    places: steps.map((step) => step.name),
    columns: counts.length,
    panels: figures
      .filter(({ isDetail = false }) => !isDetail)
      .flatMap(({ key, title, unit }) =>
        counts.map((gateways) => ({
          title: `${title}, ${unit}: ${describeCount(gateways)}`,
          isLogarithmic: unit === 'ms',
          series: namesOf(cells).map((target) => ({
            name: target,
            values: steps.map((step) => valueOf(cells, { target, step: step.name, gateways }, key)),
          })),
        })),
      ),
  })
}

function drawBars({ name, summary, figures }: Comparison, cells: readonly Cell[]): string {
  const places = [...new Map(cells.map((cell) => [placeOf(cell), cell])).values()]
  return drawPanels({
    title: name,
    subtitle: summary,
    places: places.map(placeOf),
    type: 'bar',
    panels: figures.map(({ key, title, unit }) => ({
      title: `${title}, ${unit}`,
      isLogarithmic: unit === 'ms',
      series: namesOf(cells).map((target) => ({
        name: target,
        values: places.map(({ step, gateways }) => valueOf(cells, { target, step, gateways }, key)),
      })),
    })),
  })
}

type Place = Pick<Cell, 'target' | 'step' | 'gateways'>

function namesOf(cells: readonly Cell[]): readonly string[] {
  return [...new Set(cells.map(({ target }) => target))]
}

/** NaN if the system has no figure there. */
function valueOf(cells: readonly Cell[], { target, step, gateways }: Place, key: string): number {
  const isThere = (cell: Cell): boolean =>
    cell.target === target && cell.step === step && cell.gateways === gateways
  return cells.find(isThere)?.figures[key]?.median ?? NaN
}

function placeOf({ step, gateways }: Cell): string {
  return `${step}, ${describeCount(gateways)}`
}

function describeCount(gateways: number): string {
  return gateways === 1 ? 'one gateway' : gateways === 2 ? 'two gateways' : `${gateways} gateways`
}
