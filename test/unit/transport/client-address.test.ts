import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createClientAddress, networkOf } from '../../../src/transport/http/client-address.ts'

const clientOf = createClientAddress(['10.0.0.0/8', '192.0.2.1', 'fd00::/8'])

function request(remoteAddress: string | undefined, forwardedFor?: string): IncomingMessage {
  return {
    socket: { remoteAddress },
    headers: { 'x-forwarded-for': forwardedFor },
  } as unknown as IncomingMessage
}

test('returns the peer address without the header', () => {
  expect(clientOf(request('198.51.100.7'))).toBe('198.51.100.7')
  expect(clientOf(request('10.0.0.1'))).toBe('10.0.0.1')
  expect(clientOf(request(undefined, '198.51.100.7'))).toBe('unknown')
})

test('ignores the header of an untrusted peer', () => {
  expect(clientOf(request('198.51.100.7', '203.0.113.9'))).toBe('198.51.100.7')
  expect(clientOf(request('198.51.100.7', '10.0.0.1'))).toBe('198.51.100.7')
  expect(createClientAddress([])(request('10.0.0.1', '203.0.113.9'))).toBe('10.0.0.1')
})

test('returns the last untrusted address of the header of a trusted proxy', () => {
  expect(clientOf(request('10.0.0.1', '198.51.100.7'))).toBe('198.51.100.7')
  expect(clientOf(request('10.0.0.1', '203.0.113.9, 198.51.100.7'))).toBe('198.51.100.7')
  expect(clientOf(request('10.0.0.1', '203.0.113.9,198.51.100.7 , 192.0.2.1,10.9.9.9'))).toBe('198.51.100.7')
  expect(clientOf(request('10.0.0.1', '10.0.0.3, 10.0.0.2'))).toBe('10.0.0.3')
})

test('returns the last known address if the header holds no valid address', () => {
  expect(clientOf(request('10.0.0.1', 'unknown'))).toBe('10.0.0.1')
  expect(clientOf(request('10.0.0.1', '198.51.100.7, rubbish, 10.0.0.2'))).toBe('10.0.0.2')
  expect(clientOf(request('10.0.0.1', ''))).toBe('10.0.0.1')
})

test('understands ports, brackets, IPv6, and IPv4 in IPv6', () => {
  expect(clientOf(request('::ffff:10.0.0.1', '198.51.100.7:51234'))).toBe('198.51.100.7')
  expect(clientOf(request('fd00::1', '[2001:db8::7]:443'))).toBe('2001:db8::7')
  expect(clientOf(request('fd00::1', '[2001:db8::7]'))).toBe('2001:db8::7')
  expect(clientOf(request('fd00::1', '2001:db8::7'))).toBe('2001:db8::7')
  expect(clientOf(request('10.0.0.1', '::ffff:198.51.100.7'))).toBe('198.51.100.7')
})

test.each([
  ['198.51.100.7', '198.51.100.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['unknown', 'unknown'],
])('%s counts for %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
