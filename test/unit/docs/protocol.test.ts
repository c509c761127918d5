import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/api/limits.ts'
import { errorExtensions, type ErrorCode } from '../../../src/errors.ts'
import { QUOTAS } from '../../../src/quotas/quotas.ts'
import { CLOSE_CODES } from '../../../src/transport/websocket/close-codes.ts'

const protocol = await readFile('PROTOCOL.md', 'utf8')

/** The cells of the table below a heading, without its head. */
function tableBelow(heading: string): readonly (readonly string[])[] {
  const section = protocol.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
}

test('PROTOCOL.md lists every close code with its reason', () => {
  const codes = Object.values(CLOSE_CODES).map(({ code, reason, clientReconnects }) => [
    `${code}`,
    reason,
    clientReconnects ? 'yes' : 'no',
  ])
  expect(tableBelow('Close codes').map((cells) => cells.slice(0, 3))).toEqual(codes)
})

test('PROTOCOL.md says of every error code whether it is retryable', async () => {
  const schema = await readFile('src/errors.ts', 'utf8')
  const codes = [...schema.matchAll(/^ {2}([A-Z_]+): \{ retryable/gm)].map(([, code]) => code as ErrorCode)
  expect(codes).not.toEqual([])
  const expected = codes.map((code) => [code, errorExtensions(code).retryable ? 'yes' : 'no'])
  expect(tableBelow('Errors').map((cells) => cells.slice(0, 2))).toEqual(expected)
})

test('PROTOCOL.md lists every quota', () => {
  const quotas = Object.values(QUOTAS).map(({ burst, perSecond }) => [
    burst.toLocaleString('en'),
    `${perSecond} a second`,
  ])
  expect(tableBelow('Quotas').map((cells) => cells.slice(1))).toEqual(quotas)
})

test('PROTOCOL.md states the limits of a document', () => {
  const row = tableBelow('Limits').find(([item]) => item === 'document')
  const numbers = row?.[1]?.match(/\d[\d,]*/g)?.map((number) => Number(number.replaceAll(',', '')))
  const { tokens, depth, aliases, fields, rootFields, directives } = LIMITS
  const { fragments, spreads, fragmentDepth } = LIMITS
  const ofFields: readonly number[] = [tokens, depth, aliases, fields, rootFields, directives]
  expect(numbers).toEqual(ofFields.concat([fragments, spreads, fragmentDepth]))
})
