import { ParleyError } from '../errors.ts'
import { MARK_DELIVERED } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import { pause } from '../lib/backoff.ts'
import { untilDone } from './retry.ts'

/** Tells the server how far this device has come in each chat. */
export type Positions = Readonly<{
  /** Everything of the chat up to `seq` is applied here. */
  note(chatId: string, seq: number): void
  /** What was acknowledged before no longer counts: after a restore, a log may be shorter than what was acknowledged. */
  reset(): void
}>

type Dependencies = Readonly<{
  request: Request
  deviceId: string
  signal: AbortSignal
  onError(error: unknown): void
}>

/** How long positions are collected, in milliseconds, so that many events cost one mutation. */
const COLLECT_MS = 300
/** The most positions of one mutation. */
const MAX_POSITIONS = 500

/** One mutation is under way at a time. What comes meanwhile goes into the next: positions only grow. */
export function createPositions({ request, deviceId, signal, onError }: Dependencies): Positions {
  const acknowledged = new Map<string, number>()
  const wanted = new Map<string, number>()
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    while (wanted.size > 0 && !signal.aborted) {
      await pause(COLLECT_MS, signal)
      const batch = [...wanted].slice(0, MAX_POSITIONS)
      for (const [chatId] of batch) wanted.delete(chatId)
      await acknowledge(batch)
    }
  }

  async function acknowledge(batch: readonly (readonly [string, number])[]): Promise<void> {
    const positions = batch.map(([chatId, seq]) => ({ chatId, seq }))
    try {
      await untilDone(() => request(MARK_DELIVERED, { deviceId, positions }), signal)
      for (const [chatId, seq] of batch) acknowledged.set(chatId, seq)
    } catch (error) {
      if (signal.aborted) return
      // One chat that no longer exists would keep all others from being acknowledged.
      const isRefused = error instanceof ParleyError && error.code === 'NOT_FOUND'
      if (!isRefused || batch.length === 1) return onError(error)
      const half = Math.ceil(batch.length / 2)
      await acknowledge(batch.slice(0, half))
      await acknowledge(batch.slice(half))
    }
  }

  return {
    note(chatId, seq) {
      if (seq <= (acknowledged.get(chatId) ?? 0) || seq <= (wanted.get(chatId) ?? 0)) return
      wanted.set(chatId, seq)
      running ??= run().finally(() => (running = undefined))
    },
    reset() {
      acknowledged.clear()
      wanted.clear()
    },
  }
}
