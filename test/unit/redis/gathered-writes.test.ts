import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createWriteGatherer } from '../../../src/redis/gathered-writes.ts'

/** A connection that records what each system call would get. */
function recordingStream(): { stream: Socket; calls: string[] } {
  const calls: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _, done) {
      calls.push(chunk)
      done()
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => String(chunk)).join(''))
      done()
    },
  })
  return { stream: stream as unknown as Socket, calls }
}

test('the writes of one turn of the event loop leave together', async () => {
  const { stream, calls } = recordingStream()
  const gatherWrites = createWriteGatherer()
  for (const text of ['a', 'b', 'c']) {
    gatherWrites(stream)
    stream.write(text)
  }
  expect(calls).toEqual([])
  await nextTurn()
  expect(calls).toEqual(['abc'])
  gatherWrites(stream)
  stream.write('d')
  await nextTurn()
  expect(calls).toEqual(['abc', 'd'])
})

test('a new connection in the same turn has writes of its own', async () => {
  const [first, second] = [recordingStream(), recordingStream()]
  const gatherWrites = createWriteGatherer()
  gatherWrites(first.stream)
  first.stream.write('a')
  gatherWrites(second.stream)
  second.stream.write('b')
  gatherWrites(first.stream)
  first.stream.write('c')
  await nextTurn()
  expect([first.calls, second.calls]).toEqual([['ac'], ['b']])
})
