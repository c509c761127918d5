import { MARK_READ } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import { untilDone } from './retry.ts'

/** Tells the server what the user has read. One mutation per chat is under way; the newest position says it all. */
export type ReadMarks = Readonly<{
  mark(chatId: string, seq: number): void
}>

type Dependencies = Readonly<{ request: Request; signal: AbortSignal; onError(error: unknown): void }>

export function createReadMarks({ request, signal, onError }: Dependencies): ReadMarks {
  const wanted = new Map<string, number>()
  const running = new Set<string>()

  async function run(chatId: string): Promise<void> {
    for (let seq = wanted.get(chatId); seq !== undefined; seq = wanted.get(chatId)) {
      wanted.delete(chatId)
      const variables = { chatId, seq }
      await untilDone(() => request(MARK_READ, variables), signal)
    }
  }

  return {
    mark(chatId, seq) {
      wanted.set(chatId, Math.max(seq, wanted.get(chatId) ?? 0))
      if (running.has(chatId)) return
      running.add(chatId)
      run(chatId)
        .catch((error: unknown) => signal.aborted || onError(error))
        .finally(() => running.delete(chatId))
    },
  }
}
