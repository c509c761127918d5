import { randomUUID } from 'node:crypto'
import type { Bus } from '../../../src/bus/bus.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { pause } from '../../../src/lib/async.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'

/** One gateway publishes increasing numbers to another, which records the numbers and the reported gaps. */
export type NumberedFlow = AsyncDisposable &
  Readonly<{
    /** In order. */
    received: EventQueue<number | 'gap'>
    /** The numbers whose publish resolved, in order. */
    acknowledged: readonly number[]
    /** The duration of each publish that rejected, in milliseconds. */
    rejections: readonly number[]
    /** Resolves when the next gap is reported. */
    nextGap(): Promise<void>
    /** Resolves when a number that is published from now on is received. */
    nextNumber(): Promise<void>
    /** Stops, waits for a last number, and returns the numbers that are missing without a reported gap. */
    finish(): Promise<readonly number[]>
  }>

/** `from` publishes as fast as its messages are taken, until the flow is stopped. `to` subscribes. */
export async function startNumberedFlow(from: Bus, to: Bus): Promise<NumberedFlow> {
  const received = new EventQueue<number | 'gap'>()
  const id = `gateway-${randomUUID()}` as GatewayId
  await to.subscribe(id, {
    onMessage: (text) => received.push(Number(text)),
    onGap: () => received.push('gap'),
  })
  const ended = new AbortController()
  const acknowledged: number[] = []
  const rejections: number[] = []
  let last = 0

  async function publishAll(): Promise<void> {
    while (!ended.signal.aborted) {
      const number = (last += 1)
      const startedAt = performance.now()
      try {
        await from.publish(id, `${number}`)
        acknowledged.push(number)
      } catch {
        rejections.push(performance.now() - startedAt)
      }
      await pause(1, ended.signal)
    }
  }
  const publishing = publishAll()

  async function stop(): Promise<void> {
    ended.abort()
    await publishing
  }
  async function finish(): Promise<readonly number[]> {
    await stop()
    await from.publish(id, `${(last += 1)}`)
    await received.until((all) => all.includes(last))
    return unreported(acknowledged, received.all)
  }
  const gaps = (): number => received.all.filter((item) => item === 'gap').length

  return {
    received,
    acknowledged,
    rejections,
    async nextGap() {
      const before = gaps()
      await received.until(() => gaps() > before)
    },
    async nextNumber() {
      const before = last
      await received.until((all) => all.some((item) => item !== 'gap' && item > before))
    },
    finish,
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * The acknowledged numbers that are missing without a reported gap: not received, and no gap was reported after the
 * last smaller number that was received.
 */
export function unreported(
  acknowledged: readonly number[],
  received: readonly (number | 'gap')[],
): readonly number[] {
  const known = new Set(received)
  const lastGap = received.lastIndexOf('gap')
  return acknowledged.filter((number) => {
    if (known.has(number)) return false
    const before = received.findLastIndex((item) => item !== 'gap' && item < number)
    return lastGap <= before
  })
}
