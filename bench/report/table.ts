import { markdown, plain } from './markdown.ts'
import type { Failure } from '../measure/rounds.ts'
import type { Spread } from '../measure/statistics.ts'
import type { Comparison } from '../subjects/subject.ts'
import { type Cell, SYSTEM } from './summary.ts'

/** Returns the report of a subject as Markdown: figures with their range, ratios, CPU time, memory and disturbances. */
export function reportOf(
  subject: Comparison,
  cells: readonly Cell[],
  failures: readonly Failure[] = [],
): string {
  return [
    `# ${subject.name}: ${subject.summary}`,
    figuresTable(subject, cells),
    cpuTable(subject, cells),
    noteOf(cells),
    ...failures.map(describeFailure),
  ].join('\n\n')
}

function describeFailure({ target, gateways, step, reason }: Failure): string {
  return `**${target} failed** at "${step}", gateways: ${gateways}. Its later runs are missing. ${reason}`
}

function figuresTable({ figures }: Comparison, cells: readonly Cell[]): string {
  const head = [
    'gateways',
    'load',
    'system',
    ...figures.map(({ title, unit }) => `${title}, ${unit}`),
    'refused',
    'lost',
  ]
  const rows = cells.map((cell) => [
    `${cell.gateways}`,
    cell.step,
    cell.target,
    ...figures.map(({ key }) => `${range(cell.figures[key])}${ratio(cell, cells, key)}`),
    plain(cell.figures['refused']?.max),
    plain(cell.figures['lost']?.max),
  ])
  return markdown([head, ...rows])
}

function cpuTable({ unitOfWork }: Comparison, cells: readonly Cell[]): string {
  const names = [...new Set(cells.flatMap(({ cpuUs }) => Object.keys(cpuUs)))]
  const title = (name: string): string => (name === SYSTEM ? `system, µs of CPU per ${unitOfWork}` : name)
  const head = [
    'gateways',
    'load',
    'system',
    ...names.map(title),
    'gateway memory, MB',
    'others, % of the machine',
  ]
  const rows = cells.map((cell) => [
    `${cell.gateways}`,
    cell.step,
    cell.target,
    ...names.map((name) => (name === SYSTEM ? range(cell.cpuUs[name]) : plain(cell.cpuUs[name]?.median))),
    plain(cell.memoryMb['gateway 1']?.median),
    `${plain(cell.others.median * 100)} (${plain(cell.others.max * 100)} at most)`,
  ])
  return markdown([head, ...rows])
}

/** Parley's figure divided by that of the peer. */
function ratio(cell: Cell, cells: readonly Cell[], key: string): string {
  const first = cells[0]?.target
  const ours = cells.find(
    ({ target, gateways, step }) => target === first && gateways === cell.gateways && step === cell.step,
  )
  if (ours === undefined || ours === cell) return ''
  const value = (ours.figures[key]?.median ?? NaN) / (cell.figures[key]?.median ?? NaN)
  return ` ×${value.toFixed(2)}`
}

function noteOf(cells: readonly Cell[]): string {
  const rounds = cells.reduce((sum, cell) => sum + cell.rounds, 0)
  const disturbed = cells.reduce((sum, { disturbedRounds }) => sum + disturbedRounds, 0)
  const first = cells[0]?.target ?? ''
  const meaning = `Medians, with the lowest and highest value in parentheses. ×: ${first} divided by this system.`
  if (disturbed === 0) return `${meaning} No round was disturbed.`
  return `${meaning} **${disturbed} of ${rounds} rounds were disturbed**: other processes took more than a tenth of the machine. Compare CPU time rather than latency.`
}

function range(spread: Spread | undefined): string {
  if (spread === undefined) return '–'
  return `${plain(spread.median)} (${plain(spread.min)}–${plain(spread.max)})`
}
