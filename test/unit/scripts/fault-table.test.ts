import { expect, test } from 'vitest'
import { type FaultRecord, faultTable } from '../../../scripts/fault-table.ts'

function run(fault: string, more: Partial<FaultRecord> = {}): FaultRecord {
  return {
    fault,
    healingsMs: [],
    sends: 1_000,
    deliveries: 5_000,
    receipts: 50,
    again: 0,
    findings: {},
    ...more,
  }
}

test('has a row for each fault, with its slowest healing and all that was found', () => {
  const table = faultTable([
    run('Redis dead', { healingsMs: [120, 80], again: 3 }),
    run('Redis dead', {
      healingsMs: [1_345],
      findings: { lost: 1, missing: 2, overtaken: 5, 'receipt went back': 4, reset: 1 },
    }),
    run('groups'),
  ])
  expect(table.split('\n').slice(2)).toEqual([
    '| Redis dead | 3 | 2,000 | 1,345 ms | 3 | 0 | 5 | 4 | 1 | 3 |',
    '| groups | 1 | 1,000 | – | 0 | 0 | 0 | 0 | 0 | 0 |',
  ])
})
