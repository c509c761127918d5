import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createClientAddress } from '../../../src/transport/http/client-address.ts'

const clientOf = createClientAddress(['10.0.0.0/8', '192.0.2.1', 'fd00::/8'])

function request(remoteAddress: string | undefined, forwardedFor?: string): IncomingMessage {
  return {
    socket: { remoteAddress },
    headers: { 'x-forwarded-for': forwardedFor },
  } as unknown as IncomingMessage
}

test('without the header a client is who connects', () => {
  expect(clientOf(request('198.51.100.7'))).toBe('198.51.100.7')
  expect(clientOf(request('10.0.0.1'))).toBe('10.0.0.1')
  expect(clientOf(request(undefined, '198.51.100.7'))).toBe('unknown')
})

test('whoever is not trusted may claim what they want', () => {
  expect(clientOf(request('198.51.100.7', '203.0.113.9'))).toBe('198.51.100.7')
  expect(clientOf(request('198.51.100.7', '10.0.0.1'))).toBe('198.51.100.7')
  expect(createClientAddress([])(request('10.0.0.1', '203.0.113.9'))).toBe('10.0.0.1')
})

test('of what a trusted proxy passes on, the last address that is not trusted is the client', () => {
  expect(clientOf(request('10.0.0.1', '198.51.100.7'))).toBe('198.51.100.7')
  expect(clientOf(request('10.0.0.1', '203.0.113.9, 198.51.100.7'))).toBe('198.51.100.7')
  expect(clientOf(request('10.0.0.1', '203.0.113.9,198.51.100.7 , 192.0.2.1,10.9.9.9'))).toBe('198.51.100.7')
  expect(clientOf(request('10.0.0.1', '10.0.0.3, 10.0.0.2'))).toBe('10.0.0.3')
})

test('where the header says nothing that is an address, what is known of the way there counts', () => {
  expect(clientOf(request('10.0.0.1', 'unknown'))).toBe('10.0.0.1')
  expect(clientOf(request('10.0.0.1', '198.51.100.7, rubbish, 10.0.0.2'))).toBe('10.0.0.2')
  expect(clientOf(request('10.0.0.1', ''))).toBe('10.0.0.1')
})

test('ports, brackets, IPv6, and IPv4 in IPv6 are understood', () => {
  expect(clientOf(request('::ffff:10.0.0.1', '198.51.100.7:51234'))).toBe('198.51.100.7')
  expect(clientOf(request('fd00::1', '[2001:db8::7]:443'))).toBe('2001:db8::7')
  expect(clientOf(request('fd00::1', '[2001:db8::7]'))).toBe('2001:db8::7')
  expect(clientOf(request('fd00::1', '2001:db8::7'))).toBe('2001:db8::7')
  expect(clientOf(request('10.0.0.1', '::ffff:198.51.100.7'))).toBe('198.51.100.7')
})
