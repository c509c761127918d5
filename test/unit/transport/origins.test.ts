import { expect, test } from 'vitest'
import { createCorsHeaders, createOriginPolicy } from '../../../src/transport/http/origins.ts'

const http = {
  host: '127.0.0.1',
  port: 4000,
  allowedOrigins: ['https://app.example', 'http://localhost:5173'],
  allowedHeaders: ['x-tenant'],
  trustedProxies: [],
}
const production = createOriginPolicy({ mode: 'production', http })
const development = createOriginPolicy({ mode: 'development', http })
const corsHeaders = createCorsHeaders({ mode: 'development', http })

test.each(['https://app.example', 'http://localhost:5173'])('allows %s, which is listed', (origin) => {
  expect(production(origin)).toBe(true)
  expect(development(origin)).toBe(true)
})

test.each([
  'http://localhost',
  'http://localhost:3000',
  'https://parley.localhost:3000',
  'http://127.0.0.1:8080',
  'http://127.8.9.10',
  'http://[::1]:4000',
])('allows %s, which is this machine, in development only', (origin) => {
  expect(production(origin)).toBe(false)
  expect(development(origin)).toBe(true)
})

test.each([
  'https://app.example:8443',
  'http://app.example',
  'https://app.example/',
  'https://APP.example',
  'https://app.example.evil.example',
  'https://evil.example?https://app.example',
  'http://localhost.evil.example',
  'http://127.0.0.1.evil.example',
  'http://localhost:3000/path',
  'http://user@localhost:3000',
  'null',
  '',
  '*',
])('rejects %j', (origin) => {
  expect(production(origin)).toBe(false)
  expect(development(origin)).toBe(false)
  expect(corsHeaders(origin)).toEqual({ Vary: 'Origin, Accept-Encoding' })
})
