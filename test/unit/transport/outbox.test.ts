import { Duplex } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { createTurnEnd, frameHead, Outbox } from '../../../src/transport/websocket/outbox.ts'
import { framesIn } from './frames.ts'

/** The network under a connection: completes writes when told to. */
class Network extends Duplex {
  readonly writes: Buffer[] = []
  isStalled = false
  #complete: (() => void) | undefined

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.writes.push(chunk)
    if (this.isStalled) this.#complete = callback
    else callback()
  }

  get texts(): string[] {
    return framesIn(Buffer.concat(this.writes))
  }

  complete(): void {
    this.isStalled = false
    this.#complete?.()
  }
}

function openOutbox() {
  const network = new Network()
  const socket = { readyState: 1 as 0 | 1 | 2 | 3, OPEN: 1 as const }
  return { network, socket, outbox: new Outbox(socket, network, createTurnEnd()) }
}

const endOfTurn = (): Promise<void> =>
  new Promise((resolve) => void setImmediate(() => setImmediate(resolve)))

test('sends the frames of one turn in one write, in order', async () => {
  const { network, outbox } = openOutbox()
  outbox.add(frameHead('{"id":"1",'), Buffer.from('"payload":1}'))
  outbox.add(frameHead('{"type":"pong"}'))
  outbox.add(frameHead('{"id":"é",'), Buffer.from('"payload":"☕"}'))
  expect(network.writes).toEqual([])
  await endOfTurn()
  expect(network.writes).toHaveLength(1)
  expect(network.texts).toEqual(['{"id":"1","payload":1}', '{"type":"pong"}', '{"id":"é","payload":"☕"}'])
})

test.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])('frames %d bytes', async (bytes) => {
  const { network, outbox } = openOutbox()
  const head = 'h'.repeat(Math.min(bytes, 40))
  outbox.add(frameHead(head), Buffer.from('t'.repeat(bytes - head.length)))
  outbox.flush()
  expect(network.texts).toEqual([head + 't'.repeat(bytes - head.length)])
  expect(outbox.bytes).toBe(0)
})

test('calls back once the network has taken a frame, and not before', async () => {
  const { network, outbox } = openOutbox()
  network.isStalled = true
  const onTaken = vi.fn<(error: unknown) => void>()
  outbox.add(frameHead('one'), undefined, onTaken)
  await endOfTurn()
  expect(onTaken).not.toHaveBeenCalled()
  network.complete()
  await endOfTurn()
  expect(onTaken).toHaveBeenCalledOnce()
  expect(onTaken.mock.calls[0]?.[0] ?? undefined).toBeUndefined()
})

test('has no room while much is under way, and resumes the waiters when it is not', async () => {
  const { network, outbox } = openOutbox()
  network.isStalled = true
  outbox.add(frameHead(''), Buffer.alloc(70_000, 't'))
  expect(outbox.hasRoom).toBe(false)
  const resume = vi.fn<() => void>()
  outbox.waitForRoom({ resume })
  await endOfTurn()
  expect([outbox.hasRoom, resume.mock.calls.length]).toEqual([false, 0])
  network.complete()
  await endOfTurn()
  expect(outbox.hasRoom).toBe(true)
  expect(resume).toHaveBeenCalledOnce()
})

test('makes room in the same turn if the network takes what was added', () => {
  const { network, outbox } = openOutbox()
  for (let index = 0; index < 3; index += 1) {
    outbox.add(frameHead(`${index}`), Buffer.alloc(70_000, 't'))
    expect([outbox.hasRoom, outbox.makeRoom(), outbox.bytes]).toEqual([false, true, 0])
  }
  expect(network.texts.map((text) => text.slice(0, 2))).toEqual(['0t', '1t', '2t'])
})

test('makes no room if the network does not take what was added', async () => {
  const { network, outbox } = openOutbox()
  network.isStalled = true
  outbox.add(frameHead('0'), Buffer.alloc(70_000, 't'))
  expect(outbox.makeRoom()).toBe(false)
  const resume = vi.fn<() => void>()
  outbox.waitForRoom({ resume })
  await endOfTurn()
  expect(resume).not.toHaveBeenCalled()
  network.complete()
  await endOfTurn()
  expect(resume).toHaveBeenCalledOnce()
  expect(network.texts).toHaveLength(1)
})

test('sends what is added after it made room', async () => {
  const { network, outbox } = openOutbox()
  outbox.add(frameHead('0'), Buffer.alloc(70_000, 't'))
  outbox.makeRoom()
  outbox.add(frameHead('one'))
  await endOfTurn()
  outbox.add(frameHead('two'))
  await endOfTurn()
  expect(network.texts.slice(1)).toEqual(['one', 'two'])
})

test('makes no room once the closing handshake has begun', async () => {
  const { network, socket, outbox } = openOutbox()
  outbox.add(frameHead('0'), Buffer.alloc(70_000, 't'))
  socket.readyState = 2
  expect(outbox.makeRoom()).toBe(false)
  expect(network.writes).toEqual([])
})

test('sends nothing once the closing handshake has begun', async () => {
  const { network, socket, outbox } = openOutbox()
  const onTaken = vi.fn<(error: unknown) => void>()
  outbox.add(frameHead('late'), undefined, onTaken)
  socket.readyState = 2
  await endOfTurn()
  expect(network.writes).toEqual([])
  expect(onTaken.mock.calls[0]?.[0]).toBeInstanceOf(Error)
})
