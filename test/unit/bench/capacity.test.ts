import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MEASUREMENTS, type Measurements } from '../../../bench/capacity/measurements.ts'
import { type Assumptions, DEFAULTS, estimate } from '../../../bench/capacity/model.ts'
import { capacityTable } from '../../../bench/capacity/report.ts'

/** Round numbers, so that results can be checked by hand. */
const COSTS: Measurements = {
  gatewayUsPerMessage: 100,
  postgresUsPerMessage: 200,
  gatewayUsPerDelivery: 10,
  redisUsPerPublish: 50,
  gatewayUsPerConnect: 500,
  postgresUsPerConnect: 100,
  gatewayBytesPerConnection: 10_000,
  redisBytesPerUser: 100,
  diskBytesPerMessage: 400,
}
const ROUND: Assumptions = {
  users: 864_000,
  onlineShare: 0.5,
  devices: 1,
  messagesPerUser: 100,
  recipients: 2,
  characters: 100,
  dayPeak: 2,
  yearPeak: 5,
  operationsPerDelivery: 1,
  operationUs: 90,
  reconnectSeconds: 432,
  utilisation: 0.5,
  gatewayMemory: 4e9,
  postgresCores: 4,
  postgresDisk: 1e13,
  copies: 2,
}
const of = (changes: Partial<Assumptions> = {}) => estimate({ ...ROUND, ...changes }, COSTS)

describe('the estimate', () => {
  test('follows from its inputs', () => {
    expect(of()).toEqual({
      connections: 432_000,
      messages: { average: 1_000, dayPeak: 2_000, yearPeak: 10_000 },
      deliveriesAtYearPeak: 10_000,
      reconnectsPerSecond: 1_000,
      // 10,000 × 100 µs and 10,000 deliveries × (10 + 90) µs are two cores, half used.
      gateways: { count: 4, limit: 'messages' },
      // Each message is published to one further gateway, on average: 10,000 × 50 µs.
      redis: { shards: 1, memory: 43_200_000 },
      // 10,000 × 200 µs, half used.
      postgres: { cores: 4, servers: 2, limit: 'disk' },
      // 1,000/s × 86,400 s × 365 × 500 bytes.
      storage: { perYear: 15_768_000_000_000, withCopies: 31_536_000_000_000 },
    })
  })

  test.each([
    ['memory', { gatewayMemory: 1e8 }, { count: 44, limit: 'memory' }],
    ['reconnects', { reconnectSeconds: 4.32 }, { count: 100, limit: 'reconnects' }],
    ['few users', { users: 10 }, { count: 2, limit: 'one may fail' }],
  ])('says when %s decide the number of gateways', (_name, changes, gateways) => {
    expect(of(changes).gateways).toEqual(gateways)
  })

  test('publishes to no more gateways than there are besides the sender', () => {
    const shards = (recipients: number) => of({ recipients, operationUs: 1, users: 8.64e7 }).redis.shards
    expect(shards(2)).toBe(100)
    expect(shards(4)).toBe(200)
    const few = { ...COSTS, gatewayUsPerDelivery: 0, redisUsPerPublish: 500 }
    const { gateways, redis } = estimate({ ...ROUND, recipients: 100, operationUs: 1e-9 }, few)
    expect([gateways.count, redis.shards]).toEqual([3, 20])
  })

  test('needs no less for more users, more messages or longer ones', () => {
    const keys = ['users', 'messagesPerUser', 'characters', 'recipients', 'yearPeak'] as const
    const factor = fc.double({ min: 1, max: 1_000, noNaN: true })
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.integer({ min: 1, max: 1e9 }), factor, (key, users, by) => {
        const few: Assumptions = { ...DEFAULTS, users }
        const less = estimate(few, MEASUREMENTS)
        const more = estimate({ ...few, [key]: few[key] * by }, MEASUREMENTS)
        expect(more.gateways.count).toBeGreaterThanOrEqual(less.gateways.count)
        expect(more.redis.shards).toBeGreaterThanOrEqual(less.redis.shards)
        expect(more.postgres.servers).toBeGreaterThanOrEqual(less.postgres.servers)
        expect(more.storage.perYear).toBeGreaterThanOrEqual(less.storage.perYear)
      }),
    )
  })
})

test('the table has a column for each number of users, in readable units', () => {
  const columns = [1e4, 2.5e6].map((users) => {
    const assumed = { ...ROUND, users }
    return { assumed, estimate: estimate(assumed, COSTS) }
  })
  const lines = capacityTable(columns).split('\n')
  expect(lines[0]).toBe('|  | 10 thousand users | 2.5 million users |')
  expect(lines).toContain('| connections | 5 thousand | 1.3 million |')
  expect(lines).toContain('| disk for a year | 180 GB | 46 TB |')
})
