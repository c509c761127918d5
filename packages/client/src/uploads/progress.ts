import type { ClientStorage } from '../api.ts'
import type { Model } from '../model/model.ts'
import type { OutboxFile } from '../outbox/entries.ts'

/** How much of each file has been sent, in every tab. */
export type Progress = Readonly<{
  set(chatId: string, key: string, sentBytes: number): void
  /** From 0 to 1. */
  of(files: readonly OutboxFile[]): number
  forget(files: readonly OutboxFile[]): void
}>

type Dependencies = Readonly<{ storage: ClientStorage; model: Model; prefix: string; signal: AbortSignal }>

/** The screen changes at most so often, in milliseconds. */
const EVERY_MS = 100

/** Only the tab that leads uploads. It tells the others, which show it, over a channel of the uploads. */
export function createProgress({ storage, model, prefix, signal }: Dependencies): Progress {
  const sent = new Map<string, number>()
  const changed = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const channel = openChannel()

  function openChannel(): BroadcastChannel | undefined {
    const { BroadcastChannel: Channel } = globalThis as Partial<typeof globalThis>
    if (storage.joinTabs === undefined || Channel === undefined) return undefined
    const opened = new Channel(`parley:uploads:${prefix}`)
    opened.addEventListener('message', ({ data }: MessageEvent<readonly [string, string, number]>) => {
      take(...data)
    })
    signal.addEventListener('abort', () => opened.close())
    return opened
  }

  function take(chatId: string, key: string, sentBytes: number): void {
    sent.set(key, sentBytes)
    changed.add(chatId)
    timer ??= setTimeout(publish, EVERY_MS)
  }

  function publish(): void {
    timer = undefined
    if (!signal.aborted) for (const chatId of changed) model.touch(chatId)
    changed.clear()
  }

  return {
    set(chatId, key, sentBytes) {
      take(chatId, key, sentBytes)
      // A BroadcastChannel stays within its origin, unlike a window.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      if (!signal.aborted) channel?.postMessage([chatId, key, sentBytes])
    },
    of(files) {
      const total = files.reduce((sum, { attachment }) => sum + attachment.byteSize, 0)
      const done = files.reduce(
        (sum, { key, attachment }) => sum + Math.min(attachment.byteSize, sent.get(key) ?? 0),
        0,
      )
      return total === 0 ? 0 : done / total
    },
    forget(files) {
      for (const { key } of files) sent.delete(key)
    },
  }
}
