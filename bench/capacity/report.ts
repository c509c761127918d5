import { markdown } from '../report/markdown.ts'
import type { Assumptions, Estimate } from './model.ts'

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']
const COUNTS = ['', ' thousand', ' million', ' billion']

/** Returns the estimates as a table with a column for each. */
export function capacityTable(
  estimates: readonly Readonly<{ assumed: Assumptions; estimate: Estimate }>[],
): string {
  const row = (name: string, of: (one: Estimate) => string): string[] => [
    name,
    ...estimates.map(({ estimate }) => of(estimate)),
  ]
  return markdown([
    ['', ...estimates.map(({ assumed }) => `${count(assumed.users)} users`)],
    row('connections', (one) => count(one.connections)),
    row('messages/s: average', ({ messages }) => count(messages.average)),
    row('… at the peak of a day', ({ messages }) => count(messages.dayPeak)),
    row('… at the peak of a year', ({ messages }) => count(messages.yearPeak)),
    row('deliveries/s at the peak of a year', (one) => count(one.deliveriesAtYearPeak)),
    row('devices/s after a fault', (one) => count(one.reconnectsPerSecond)),
    row('**gateways**', ({ gateways }) => `${count(gateways.count)} (${gateways.limit})`),
    row('**Redis nodes**', ({ redis }) => count(redis.shards)),
    row('… their memory together', ({ redis }) => bytes(redis.memory)),
    row('**PostgreSQL cores**', ({ postgres }) => count(postgres.cores)),
    row('… servers', ({ postgres }) => `${count(postgres.servers)} (${postgres.limit})`),
    row('disk for a year', ({ storage }) => bytes(storage.perYear)),
    row('… with all copies', ({ storage }) => bytes(storage.withCopies)),
  ])
}

function count(value: number): string {
  return scaled(value, COUNTS)
}

function bytes(value: number): string {
  return scaled(value, BYTES).replace(/(\d)([a-zA-Z])/, '$1 $2')
}

/** Returns the number with two digits, in the largest unit in which it is at least 1. Small numbers are exact. */
function scaled(value: number, units: readonly string[]): string {
  const step = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3)))
  const inUnit = value / 1_000 ** step
  const digits = Number(inUnit.toPrecision(inUnit < 100 && step === 0 && Number.isInteger(value) ? 21 : 2))
  return `${digits}${units[step] ?? ''}`
}
