import { COLORS } from '../report/colors.ts'
import { type Band, drawPanels, type Panel } from '../report/panels.ts'
import type { Row } from './samples.ts'

const LEVEL_COLORS = ['none', COLORS.warning, COLORS.danger]
const { blue: BLUE, red: RED, green: GREEN, grey: GREY } = COLORS

/** Returns an SVG of a run: panels over the same seconds, with the levels BUSY and ESSENTIAL as bands behind them. */
export function draw(title: string, rows: readonly Row[]): string {
  return drawPanels({
    title,
    subtitle: 'yellow: BUSY, red: ESSENTIAL',
    places: rows.map(({ at }) => `${at} s`),
    panels: panelsOf(rows),
  })
}

function panelsOf(rows: readonly Row[]): readonly Panel[] {
  const bands = rows.filter(({ level }) => level > 0).map(bandOf)
  const series = (name: string, color: string | undefined, of: (row: Row) => number) => ({
    name,
    ...(color !== undefined && { color }),
    values: rows.map(of),
  })
  return [
    {
      title: 'messages a second',
      bands,
      series: [
        series('offered', GREY, ({ offered }) => offered),
        series('acknowledged', BLUE, ({ acknowledged }) => acknowledged),
        series('received', GREEN, ({ received }) => received),
      ],
    },
    {
      title: 'send → receive, ms',
      isLogarithmic: true,
      bands,
      series: [
        series('p50', BLUE, ({ receiveP50 }) => receiveP50),
        series('p99', RED, ({ receiveP99 }) => receiveP99),
      ],
    },
    {
      title: 'arrival → receipt, ms',
      isLogarithmic: true,
      bands,
      series: [
        series('p50', BLUE, ({ receiptP50 }) => receiptP50),
        series('p99', RED, ({ receiptP99 }) => receiptP99),
      ],
    },
    {
      title: 'refused sends a second',
      bands,
      series: [
        series('RATE_LIMITED', BLUE, ({ refused }) => refused['RATE_LIMITED'] ?? 0),
        series('UNAVAILABLE', RED, ({ refused }) => refused['UNAVAILABLE'] ?? 0),
        series('connection lost', GREY, ({ refused }) => refused['CONNECTION_LOST'] ?? 0),
      ],
    },
    {
      title: 'memory of the gateway, MB',
      bands,
      series: [series('resident', BLUE, ({ memoryMb }) => memoryMb)],
    },
  ]
}

function bandOf({ at, level }: Row): Band {
  return { from: at, to: at + 1, color: LEVEL_COLORS[level] ?? 'none' }
}
