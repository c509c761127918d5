import { MARK_READ } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import { createCoalescer } from '../lib/coalescer.ts'

/** Tells the server what the user has read. The newest position of a chat says it all. */
export type ReadMarks = Readonly<{
  mark(chatId: string, seq: number): void
}>

type Dependencies = Readonly<{ request: Request; signal: AbortSignal; onError(error: unknown): void }>

export function createReadMarks({ request, signal, onError }: Dependencies): ReadMarks {
  const marks = createCoalescer<number>({
    collectMs: 0,
    maxBatch: 1,
    async run([first]) {
      const [chatId, seq] = first ?? []
      await request(MARK_READ, { input: { chatId, seq } })
    },
    signal,
    onError,
  })
  return { mark: (chatId, seq) => marks.set(chatId, Math.max(seq, marks.get(chatId) ?? 0)) }
}
