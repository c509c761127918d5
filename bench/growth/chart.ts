import { COLORS } from '../report/colors.ts'
import { drawPanels, type Panel } from '../report/panels.ts'
import type { Measured } from './measure.ts'
import { OPERATIONS, type OperationName } from './operations.ts'
import type { Pages } from './page-counts.ts'
import { powerOf, type Size } from './sizes.ts'

const { blue: BLUE, red: RED, grey: GREY } = COLORS
const TITLES: Readonly<Record<OperationName, string>> = {
  send: 'send to a chat of two, ms',
  sendToLargest: 'send to a largest group, ms',
  history: 'a page of history, ms',
  chatList: 'the chat list, ms',
}

/** Returns an SVG that shows which figures grow with the number of messages. */
export function draw(measured: ReadonlyMap<Size, Measured>, pages: ReadonlyMap<Size, Pages>): string {
  return drawPanels({
    title: 'The same operations with 10³ to 10⁷ messages in the database',
    places: [...measured.keys()].map(powerOf),
    columns: 2,
    panels: [...latencyPanels(measured), replayPanel(measured), pagesPanel(pages)],
  })
}

function latencyPanels(measured: ReadonlyMap<Size, Measured>): readonly Panel[] {
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
