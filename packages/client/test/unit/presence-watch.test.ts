import { expect, test } from 'vitest'
import type { Sink, Socket } from '../../src/connection/socket.ts'
import { ParleyError } from '../../src/errors.ts'
import { createPresenceWatch } from '../../src/presence/presence-watch.ts'

/** A server that rejects a whole subscription if it names one of these users. */
function serverRejecting(...rejected: readonly string[]) {
  const accepted: (readonly string[])[] = []
  const asked: (readonly string[])[] = []
  const socket: Socket = {
    subscribe(_document, variables, { onEnd }: Sink<never>) {
      const ids = variables['ids'] as readonly string[]
      asked.push(ids)
      if (ids.some((id) => rejected.includes(id)))
        queueMicrotask(() => onEnd(new ParleyError('NOT_FOUND', 'No such user.')))
      else accepted.push(ids)
      return () => undefined
    },
  }
  return { socket, accepted, asked }
}

test('halves a rejected subscription until the unknown user is alone, and watches all others', async () => {
  const users = ['alice', 'bob', 'carol', 'dave', 'erin']
  const { socket, accepted, asked } = serverRejecting('carol')
  const watch = createPresenceWatch(() => undefined)
  watch.want(users)
  watch.setSocket(socket)
  await expect.poll(() => accepted.flat().toSorted()).toEqual(['alice', 'bob', 'dave', 'erin'])
  await expect.poll(() => asked).toContainEqual(['carol'])
})

test('splits many users into subscriptions of at most 500', () => {
  const { socket, accepted } = serverRejecting()
  const watch = createPresenceWatch(() => undefined)
  watch.want(Array.from({ length: 1_200 }, (_, index) => `user_${index}`))
  watch.setSocket(socket)
  expect(accepted.map(({ length }) => length)).toEqual([500, 500, 200])
})
