import { expect, test } from 'vitest'
import { AnonymousSockets, type AnonymousSocket } from '../../../src/transport/websocket/anonymous-sockets.ts'

const LIMITS = { maxPerAddress: 2, max: 3, timeoutMs: 1_000 }

type TestSocket = AnonymousSocket & { isBusy: boolean; ended: string | undefined }

function createSocket(isBusy = false): TestSocket {
  return {
    isBusy,
    ended: undefined,
    isSigningIn() {
      return this.isBusy
    },
    giveUp(cause) {
      this.ended = cause
    },
  }
}

test('closes the oldest connection of an address for its newest, and none of another address', () => {
  const sockets = new AnonymousSockets(LIMITS)
  const [first, second, other] = [createSocket(), createSocket(), createSocket()]
  sockets.add('192.0.2.1', first, 0)
  sockets.add('192.0.2.2', other, 0)
  sockets.add('192.0.2.1', second, 0)
  expect(sockets.makeRoomFor('192.0.2.1')).toBe(true)
  expect([first.ended, second.ended, other.ended]).toEqual(['displaced', undefined, undefined])
})

test('closes the oldest of all addresses if there are too many in total', () => {
  const sockets = new AnonymousSockets(LIMITS)
  const oldest = createSocket()
  for (const [index, socket] of [oldest, createSocket(), createSocket()].entries())
    sockets.add(`192.0.2.${index}`, socket, 0)
  expect(sockets.makeRoomFor('192.0.2.9')).toBe(true)
  expect(oldest.ended).toBe('displaced')
})

test('never closes a connection while its token is being checked, and has no room if all are', () => {
  const sockets = new AnonymousSockets(LIMITS)
  const [first, second] = [createSocket(true), createSocket()]
  sockets.add('192.0.2.1', first, 0)
  sockets.add('192.0.2.1', second, 0)
  expect(sockets.makeRoomFor('192.0.2.1')).toBe(true)
  expect([first.ended, second.ended]).toEqual([undefined, 'displaced'])
  sockets.add('192.0.2.1', createSocket(true), 0)
  expect(sockets.makeRoomFor('192.0.2.1')).toBe(false)
  expect(sockets.makeRoomFor('192.0.2.2')).toBe(true)
})

test('a removal frees one place once', () => {
  const sockets = new AnonymousSockets(LIMITS)
  const [first, second, third] = [createSocket(), createSocket(), createSocket()]
  sockets.add('192.0.2.1', first, 0)
  sockets.add('192.0.2.1', second, 0)
  sockets.remove(first)
  sockets.remove(first)
  sockets.makeRoomFor('192.0.2.1')
  sockets.add('192.0.2.1', third, 0)
  expect([first.ended, second.ended]).toEqual([undefined, undefined])
  sockets.makeRoomFor('192.0.2.1')
  expect([first.ended, second.ended, third.ended]).toEqual([undefined, 'displaced', undefined])
})

test('returns what is overdue from the oldest, but waits for a token that is being checked', () => {
  const sockets = new AnonymousSockets({ ...LIMITS, maxPerAddress: 4 })
  const [busy, idle, next, young] = [createSocket(true), createSocket(), createSocket(), createSocket()]
  for (const [socket, openedAt] of [
    [busy, 0],
    [idle, 0],
    [next, 0],
    [young, 1],
  ] as const)
    sockets.add('192.0.2.1', socket, openedAt)
  expect([...sockets.overdue(1_000)]).toEqual([idle, next])
  busy.isBusy = false
  expect([...sockets.overdue(1_000)]).toEqual([busy])
})
