import { type Audit, serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startParley, type TestParley } from '../harness/servers/parley.ts'

let parley: TestParley
let token: string
beforeAll(async () => {
  parley = await startParley()
  token = (await parley.person('alice')).token
})
afterAll(() => parley[Symbol.asyncDispose]())

const url = (): string => parley.url
const signedIn: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers)
  headers.set('authorization', `Bearer ${token}`)
  return fetch(input, { ...init, headers })
}

/** Returns what the audit found, or undefined if it passed. */
async function complaintOf({ fn }: Audit): Promise<string | undefined> {
  const result = await fn()
  return result.status === 'ok' ? undefined : result.reason
}

describe.each([
  ['with a token', signedIn],
  ['without one', fetch],
])('GraphQL over HTTP, %s', (_title, fetchFn) => {
  const audits = serverAudits({ url, fetchFn })
  const required = audits.filter(({ name }) => !name.startsWith('MAY'))
  const optional = audits.filter(({ name }) => name.startsWith('MAY'))

  test.for(required)('$name', async (audit) => {
    expect(await complaintOf(audit)).toBeUndefined()
  })

  test('passes all 25 audits of MAY as well', async () => {
    const complaints = await Promise.all(optional.map((audit) => complaintOf(audit)))
    expect(complaints).toEqual(Array.from({ length: 25 }, () => undefined))
  })

  test('runs all audits: 13 MUST, 23 SHOULD', () => {
    const levels = required.map(({ name }) => name.slice(0, name.indexOf(' ')))
    expect(levels.filter((level) => level === 'MUST')).toHaveLength(13)
    expect(levels.filter((level) => level === 'SHOULD')).toHaveLength(23)
  })
})
