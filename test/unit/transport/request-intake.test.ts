import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { createRequestIntake, type RequestIntake } from '../../../src/transport/http/request-intake.ts'
import { createIntake } from '../../../src/transport/pipeline/intake.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** Sends requests, and records in which order they begin. */
class Requests {
  readonly begun: string[] = []
  readonly #intake: RequestIntake

  constructor(perTurn: number, options?: Parameters<typeof createRequestIntake>[1]) {
    this.#intake = createRequestIntake(createIntake(perTurn), options)
  }

  async send(name: string, address: string, token = ''): Promise<boolean> {
    const mayBegin = await this.#intake.turn({ address, token })
    if (mayBegin) this.begun.push(name)
    return mayBegin
  }

  /** The requests have no tokens. */
  flood(name: string, address: string, count: number): void {
    for (let sent = 0; sent < count; sent++) void this.send(name, address)
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

test('begins a request at once while the turn has room, and a bounded number in each turn', async () => {
  const requests = new Requests(2)
  requests.flood('flood', '192.0.2.1', 7)
  await Promise.resolve()
  expect(requests.begun).toHaveLength(2)
  await turns(1)
  expect(requests.begun).toHaveLength(4)
  await turns(2)
  expect(requests.begun).toHaveLength(7)
})

test('lets a request wait for one round, however many another address sends', async () => {
  const requests = new Requests(1)
  requests.flood('flood', '192.0.2.1', 100)
  void requests.send('alice', '192.0.2.2')
  await turns(3)
  expect(requests.begun.indexOf('alice')).toBeOneOf([1, 2])
})

test('lets a request wait for one round, however many another token of the same address sends', async () => {
  const requests = new Requests(1)
  requests.flood('flood', '192.0.2.1', 100)
  void requests.send('alice', '192.0.2.1', 'Bearer alice')
  await turns(3)
  expect(requests.begun.indexOf('alice')).toBeOneOf([1, 2])
})

test('rejects requests of an address of which too many wait, and no others', async () => {
  const requests = new Requests(1, { maxWaiting: 10 })
  requests.flood('flood', '192.0.2.1', 11)
  expect(await requests.send('more', '192.0.2.1')).toBe(false)
  expect(await requests.send('alice', '192.0.2.2')).toBe(true)
  await turns(12)
  expect(requests.begun).toHaveLength(12)
  expect(await requests.send('later', '192.0.2.1')).toBe(true)
})

test('lets the requests of an address wait while it has no time left, and no others', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  let waitMs = 100
  const requests = new Requests(1, {
    pace: { waitMs: (payer) => (payer === 'address 192.0.2.1' ? waitMs : 0) },
  })
  requests.flood('flood', '192.0.2.1', 2)
  void requests.send('alice', '192.0.2.2')
  await turns(5)
  expect(requests.begun).toEqual(['alice'])
  waitMs = 0
  vi.advanceTimersByTime(99)
  await turns(5)
  expect(requests.begun).toEqual(['alice'])
  vi.advanceTimersByTime(1)
  await turns(5)
  expect(requests.begun).toEqual(['alice', 'flood', 'flood'])
})
