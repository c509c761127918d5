import { describe, expect, test } from 'vitest'
import type { Sample } from '../../../bench/measure/rounds.ts'
import { spreadOf } from '../../../bench/measure/statistics.ts'
import { summarize } from '../../../bench/report/summary.ts'
import { reportOf } from '../../../bench/report/table.ts'
import type { Comparison } from '../../../bench/subjects/subject.ts'
import { hopsTable } from '../../../bench/trace/hops.ts'
import { cpuCosts } from '../../../bench/trace/profile.ts'

const SUBJECT: Comparison = {
  name: 'pairs',
  summary: 'messages',
  workload: 'closedLoop',
  peers: [],
  gateways: [2],
  opening: { pairs: 1, members: 0 },
  steps: [{ name: 'saturated', load: {} }],
  figures: [{ key: 'perSecond', title: 'messages', unit: '/s' }],
  unitOfWork: 'message',
}

function sample(target: string, round: number, perSecond: number, others = 0): Sample {
  return {
    target,
    gateways: 2,
    step: 'saturated',
    round,
    outcome: { count: 1_000, figures: { perSecond, refused: 0, lost: 0 } },
    usage: {
      cpuMs: { 'gateway 1': 300, redis: 100, load: 50 },
      memoryMb: { 'gateway 1': 90 },
      others,
      busy: 0.9,
    },
  }
}

describe('the report of a comparison', () => {
  test('has the median, the range, and the ratio to the first system', () => {
    const samples = [
      ...[900, 3_000, 1_000].map((perSecond, round) => sample('parley', round, perSecond)),
      ...[500, 400, 600].map((perSecond, round) => sample('peer', round, perSecond)),
    ]
    const report = reportOf(SUBJECT, summarize(samples, SUBJECT))
    expect(report).toContain('| parley | 1,000 (900–3,000) | 0 | 0 |')
    expect(report).toContain('| peer | 500 (400–600) ×2.00 | 0 | 0 |')
    expect(report).toContain('No round was disturbed.')
  })

  test('divides CPU time by messages, without the load generator', () => {
    const [cell] = summarize([sample('parley', 0, 900)], SUBJECT)
    expect(cell?.cpuUs).toMatchObject({
      system: { median: 400 },
      redis: { median: 100 },
      load: { median: 50 },
    })
  })

  test('says which rounds were disturbed', () => {
    const samples = [sample('parley', 0, 900, 0.3), sample('parley', 1, 900, 0.05)]
    expect(reportOf(SUBJECT, summarize(samples, SUBJECT))).toContain('1 of 2 rounds were disturbed')
  })
})

test('the report says why a system failed', () => {
  const cells = summarize([sample('parley', 0, 900)], SUBJECT)
  const reason = 'sender3 was disconnected: the server closed the stream'
  const report = reportOf(SUBJECT, cells, [{ target: 'peer', gateways: 2, step: 'saturated', reason }])
  expect(report).toContain(
    `**peer failed** at "saturated", gateways: 2. Its later runs are missing. ${reason}`,
  )
})

test('a ratio needs the first system at the same step', () => {
  const samples = [sample('parley', 0, 900), { ...sample('peer', 0, 300), gateways: 1 }]
  const report = reportOf(SUBJECT, summarize(samples, SUBJECT))
  expect(report).toContain('| peer | 300 (300–300) | 0 | 0 |')
})

test('the median of an even number of values lies between the middle ones', () => {
  expect(spreadOf([1, 100, 4, 2]).median).toBe(3)
})

test('a spread ignores values that are missing', () => {
  expect(spreadOf([3, NaN, 1, 2])).toEqual({ median: 2, min: 1, max: 3 })
})

test('the table of hops joins both gateways by the trace of the event', () => {
  const spans = [
    { name: 'publish', traceId: 'a', start: 10, end: 11 },
    { name: 'receive', traceId: 'a', start: 14, end: 14.5 },
    { name: 'receive', traceId: 'unknown', start: 0, end: 1 },
  ]
  expect(hopsTable(spans, 1)).toMatch(/`transit` \| [^|]+ \| 4\.0 \| 4\.0 \| 4\.0 \| 1\.0 \|/)
})

test('a CPU profile is divided among packages and rooms, without idle time', () => {
  const frame = (functionName: string, url: string) => ({
    functionName,
    url,
    scriptId: '1',
    lineNumber: 0,
    columnNumber: 0,
  })
  const nodes = [
    { id: 1, callFrame: frame('(idle)', '') },
    { id: 2, callFrame: frame('query', 'file:///app/node_modules/pg/lib/client.js') },
    { id: 3, callFrame: frame('deliver', 'file:///app/src/gateway/hub.ts') },
  ]
  const profile = { nodes, startTime: 0, endTime: 1, samples: [1, 2, 3, 3], timeDeltas: [100, 10, 15, 15] }
  expect(cpuCosts(profile).parts).toEqual([
    { name: 'src/gateway', share: 0.75 },
    { name: 'pg', share: 0.25 },
  ])
})
