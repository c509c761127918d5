import { COUNTS } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import { pause } from '../lib/backoff.ts'
import type { CountsData } from './chat-sync.ts'
import { untilDone } from './retry.ts'

type Dependencies = Readonly<{
  request: Request
  signal: AbortSignal
  /** Takes an answer in. Returns false if the chat has changed meanwhile, so that it has to be asked for again. */
  apply(counts: CountsData): boolean
  onError(error: unknown): void
}>

/** How long requests are collected before one query asks for all of them, in milliseconds. */
const COLLECT_MS = 200
/** The most ids of one query. */
const MAX_IDS = 100

/** Asks for what events do not tell, for many chats at a time. */
export function createCounts({ request, signal, apply, onError }: Dependencies): (chatId: string) => void {
  const wanted = new Set<string>()
  let isRunning = false

  async function run(): Promise<void> {
    while (wanted.size > 0 && !signal.aborted) {
      await pause(COLLECT_MS, signal)
      const ids = [...wanted].slice(0, MAX_IDS)
      for (const id of ids) wanted.delete(id)
      const { nodes } = await untilDone(
        () => request<{ nodes: readonly (CountsData | null)[] }>(COUNTS, { ids }),
        signal,
      )
      for (const node of nodes) if (node?.id !== undefined && !apply(node)) wanted.add(node.id)
    }
  }

  return (chatId) => {
    wanted.add(chatId)
    if (isRunning) return
    isRunning = true
    run()
      .catch((error: unknown) => signal.aborted || onError(error))
      .finally(() => (isRunning = false))
  }
}
