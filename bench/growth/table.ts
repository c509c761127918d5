import { markdown } from '../report/markdown.ts'
import type { Filled } from './databases.ts'
import { OPERATIONS, type OperationName } from './operations.ts'
import { BEHIND } from './measured-users.ts'
import type { Measured } from './measure.ts'
import type { Pages } from './page-counts.ts'
import { powerOf, type Size } from './sizes.ts'

const BYTES_PER_MB = 1_048_576

/** Returns a Markdown table of milliseconds and events per second, with one column per size. */
export function timesTable(filled: readonly Filled[], measured: ReadonlyMap<Size, Measured>): string {
  const sizes = filled.map(({ size }) => size)
  const cell = (of: (measured: Measured) => string) => sizes.map((size) => of(known(measured, size)))
  const operations = (Object.keys(OPERATIONS) as OperationName[]).map((name) => [
    `${OPERATIONS[name]}: p50 (of five passes) / p99`,
    ...cell(({ latencies }) => {
      const { p50, p99, lowestP50, highestP50 } = latencies[name]
      return `${ms(p50)} (${ms(lowestP50)}–${ms(highestP50)}) / ${ms(p99)} ms`
    }),
  ])
  const replays = (Object.keys(BEHIND) as (keyof typeof BEHIND)[]).map((device) => [
    `replay to a device ${BEHIND[device].toLocaleString('en')} behind, events/s`,
    ...cell(({ replays }) => {
      const [slowest, middle, fastest] = replays[device]
      return `${thousands(middle)} (${thousands(slowest)}–${thousands(fastest)})`
    }),
  ])
  return markdown([
    ['messages of others', ...sizes.map(powerOf)],
    ...operations,
    ...replays,
    [
      'on the disk',
      ...filled.map(({ bytes }) => `${Math.round(bytes / BYTES_PER_MB).toLocaleString('en')} MB`),
    ],
    ['generated in', ...filled.map(({ seconds }) => `${seconds.toFixed(1)} s`)],
  ])
}

/** Returns a Markdown table of the pages that each statement touches, with one column per size. */
export function pagesTable(pages: ReadonlyMap<Size, Pages>): string {
  const keys = [...new Set([...pages.values()].flatMap((ofSize) => [...ofSize.keys()]))]
  const rows = keys.map((key) => {
    const [operation = '', statement = ''] = key.split(' ')
    return [
      `${operation}: \`${statement}\``,
      ...[...pages.values()].map((ofSize) => `${ofSize.get(key) ?? '–'}`),
    ]
  })
  return markdown([['pages of 8 KiB touched', ...[...pages.keys()].map(powerOf)], ...rows])
}

function known(measured: ReadonlyMap<Size, Measured>, size: Size): Measured {
  const found = measured.get(size)
  if (found === undefined) throw new Error(`No figures at ${size}`)
  return found
}

function ms(value: number): string {
  return value < 10 ? value.toFixed(1) : `${Math.round(value)}`
}

function thousands(value: number): string {
  return (Math.round(value / 100) * 100).toLocaleString('en')
}
