import { randomUUID } from 'node:crypto'
import type { Bus } from '../../../src/bus/bus.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { pause } from '../../../src/lib/async.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'

/** What one gateway hears of another that counts aloud: numbers, and that it may have missed some. */
export type NumberedFlow = AsyncDisposable &
  Readonly<{
    /** In order. */
    heard: EventQueue<number | 'gap'>
    /** The numbers whose publishing was answered, in order. */
    acknowledged: readonly number[]
    /** Publishing that was refused, by how long that took, in milliseconds. */
    refusals: readonly number[]
    /** Resolves when the next gap is announced. */
    nextGap(): Promise<void>
    /** Resolves when a number that is published from now on is heard. */
    nextNumber(): Promise<void>
    /** Ends the counting, waits for a last number to be heard, and answers with what is missing without a word. */
    finish(): Promise<readonly number[]>
  }>

/** `from` counts, as fast as its messages are taken, until the flow is stopped; `to` listens. */
export async function startNumberedFlow(from: Bus, to: Bus): Promise<NumberedFlow> {
  const heard = new EventQueue<number | 'gap'>()
  const id = `gateway-${randomUUID()}` as GatewayId
  await to.subscribe(id, {
    onMessage: (text) => heard.push(Number(text)),
    onGap: () => heard.push('gap'),
  })
  const ended = new AbortController()
  const acknowledged: number[] = []
  const refusals: number[] = []
  let last = 0

  async function count(): Promise<void> {
    while (!ended.signal.aborted) {
      const number = (last += 1)
      const startedAt = performance.now()
      try {
        await from.publish(id, `${number}`)
        acknowledged.push(number)
      } catch {
        refusals.push(performance.now() - startedAt)
      }
      await pause(1, ended.signal)
    }
  }
  const counting = count()

  async function stop(): Promise<void> {
    ended.abort()
    await counting
  }
  async function finish(): Promise<readonly number[]> {
    await stop()
    await from.publish(id, `${(last += 1)}`)
    await heard.until((all) => all.includes(last))
    return unannounced(acknowledged, heard.all)
  }
  const gaps = (): number => heard.all.filter((item) => item === 'gap').length

  return {
    heard,
    acknowledged,
    refusals,
    async nextGap() {
      const before = gaps()
      await heard.until(() => gaps() > before)
    },
    async nextNumber() {
      const before = last
      await heard.until((all) => all.some((item) => item !== 'gap' && item > before))
    },
    finish,
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * The acknowledged numbers that are missing without a word: not heard, and no gap announced at any time after the
 * last one that came before them.
 */
export function unannounced(
  acknowledged: readonly number[],
  heard: readonly (number | 'gap')[],
): readonly number[] {
  const known = new Set(heard)
  const lastGap = heard.lastIndexOf('gap')
  return acknowledged.filter((number) => {
    if (known.has(number)) return false
    const before = heard.findLastIndex((item) => item !== 'gap' && item < number)
    return lastGap <= before
  })
}
