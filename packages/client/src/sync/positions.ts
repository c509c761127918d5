import { ParleyError } from '../errors.ts'
import { MARK_DELIVERED } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import { createCoalescer } from '../lib/coalescer.ts'
import { halves } from '../lib/halves.ts'

/** Tells the server how far this device has come in each chat. */
export type Positions = Readonly<{
  /** Everything of the chat up to `seq` is applied here. */
  note(chatId: string, seq: number): void
  /** Forgets the acknowledged positions. After a restore, a log may be shorter than they say. */
  reset(): void
}>

type Dependencies = Readonly<{
  /** Repeats what may succeed later. */
  request: Request
  deviceId: string
  signal: AbortSignal
  onError(error: unknown): void
}>

type Position = readonly [chatId: string, seq: number]

export function createPositions({ request, deviceId, signal, onError }: Dependencies): Positions {
  const acknowledged = new Map<string, number>()
  const positions = createCoalescer<number>({
    collectMs: 300,
    maxBatch: 500,
    run: acknowledge,
    signal,
    onError,
  })

  async function acknowledge(batch: readonly Position[]): Promise<void> {
    const input = { deviceId, positions: batch.map(([chatId, seq]) => ({ chatId, seq })) }
    try {
      await request(MARK_DELIVERED, { input })
      for (const [chatId, seq] of batch) acknowledged.set(chatId, seq)
    } catch (error) {
      const isRejected = error instanceof ParleyError && error.code === 'NOT_FOUND'
      if (!isRejected || batch.length === 1) throw error
      // One chat that no longer exists would keep all others from being acknowledged.
      for (const part of halves(batch)) await acknowledge(part).catch(onError)
    }
  }

  return {
    note(chatId, seq) {
      const newest = positions.get(chatId) ?? acknowledged.get(chatId) ?? 0
      if (seq > newest) positions.set(chatId, seq)
    },
    reset() {
      acknowledged.clear()
      positions.clear()
    },
  }
}
