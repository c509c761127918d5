import { expect, test } from 'vitest'
import { createHostCheck, type HostHeader } from '../../../src/transport/http/host.ts'

const HTTP = {
  host: '127.0.0.1',
  port: 4000,
  allowedOrigins: ['https://chat.example'],
  allowedHeaders: [],
  trustedProxies: [],
}
function withHost(...hosts: (string | undefined)[]): HostHeader {
  return { headersDistinct: { host: hosts.filter((host) => host !== undefined) } }
}

const development = createHostCheck({ mode: 'development', http: HTTP })
const production = createHostCheck({ mode: 'production', http: HTTP })

test.each([
  undefined,
  'localhost',
  'localhost:4000',
  'LOCALHOST:4000',
  'app.localhost:4000',
  '127.0.0.1:4000',
  '192.168.1.7:4000',
  '[::1]:4000',
  'parley:4000',
  'host.docker.internal:4000',
  'chat.example',
])('in development serves the host %s, which leads to no other site', (host) => {
  expect(development(withHost(host))).toBe('served')
})

test.each([
  'evil.example',
  'evil.example:4000',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'localhost.',
])('in development the host %s is foreign, and in production it is served', (host) => {
  expect(development(withHost(host))).toBe('foreign')
  expect(production(withHost(host))).toBe('served')
})

test.each(['a b', 'x:99999', '[::', 'alice@localhost', 'localhost/graphql', ''])(
  'the host %j is invalid in every mode',
  (host) => {
    expect([development(withHost(host)), production(withHost(host))]).toEqual(['invalid', 'invalid'])
  },
)

test('in development serves the name in HOST', () => {
  const check = createHostCheck({ mode: 'development', http: { ...HTTP, host: 'dev.example.com' } })
  expect([check(withHost('dev.example.com:4000')), check(withHost('other.example.com:4000'))]).toEqual([
    'served',
    'foreign',
  ])
})

test('refuses two Host headers, even if they are equal', () => {
  expect(production(withHost('chat.example', 'chat.example'))).toBe('invalid')
  expect(development(withHost('localhost', 'other.example'))).toBe('invalid')
})
