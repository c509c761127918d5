import { expect, test } from 'vitest'
import { welcome } from '../../../src/demo/welcome.ts'
import type { UserId } from '../../../src/ids.ts'

const people = [{ id: 'alice' as UserId, name: 'Alice', token: 'a.b.c' }]

test('says where the chat app, GraphiQL and the WebSocket are, and the tokens', () => {
  const text = welcome({ url: 'http://127.0.0.1:4000', hasWebApp: true }, people)
  expect(text).toMatch(/^ {2}Chat app {5}http:\/\/127\.0\.0\.1:4000 {3}\(open it in a browser/m)
  expect(text).toMatch(/^ {2}GraphiQL {5}http:\/\/127\.0\.0\.1:4000\/graphql /m)
  expect(text).toMatch(/^ {2}WebSocket {4}ws:\/\/127\.0\.0\.1:4000\/graphql /m)
  expect(text).toMatch(/^ {2}user_alice +a\.b\.c$/m)
})

test('says how to get the chat app while it is off', () => {
  const text = welcome({ url: 'http://127.0.0.1:4000', hasWebApp: false }, people)
  expect(text).toMatch(/^ {2}Chat app {5}off {3}\(unset WEB_APP to serve it\)$/m)
})
