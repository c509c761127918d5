import { expect, test } from 'vitest'
import { AnonymousSockets } from '../../../src/transport/websocket/anonymous-sockets.ts'

test('limits each address on its own, and a disposal frees one place once', () => {
  const sockets = new AnonymousSockets(2)
  const leaveFirst = sockets.add('192.0.2.1')
  sockets.add('192.0.2.1')
  expect([sockets.hasRoomFor('192.0.2.1'), sockets.hasRoomFor('192.0.2.2')]).toEqual([false, true])
  leaveFirst()
  leaveFirst()
  expect(sockets.hasRoomFor('192.0.2.1')).toBe(true)
  sockets.add('192.0.2.1')
  expect(sockets.hasRoomFor('192.0.2.1')).toBe(false)
})
