import { COUNTS } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import { createCoalescer } from '../lib/coalescer.ts'
import type { CountsData } from '../model/counts.ts'

type Dependencies = Readonly<{
  /** Repeats what may succeed later. */
  request: Request
  signal: AbortSignal
  /** Takes an answer in. Returns false if the chat has changed meanwhile, so that it has to be asked for again. */
  apply(counts: CountsData): boolean
  onError(error: unknown): void
}>

/** Asks for what events do not tell, for up to 100 chats at a time. */
export function createCounts({ request, signal, apply, onError }: Dependencies): (chatId: string) => void {
  const chats = createCoalescer<true>({ collectMs: 200, maxBatch: 100, run, signal, onError })

  async function run(batch: readonly (readonly [string, true])[]): Promise<void> {
    type Data = { nodes: readonly (CountsData | null)[] }
    const ids = batch.map(([chatId]) => chatId)
    const { nodes } = await request<Data>(COUNTS, { ids })
    for (const node of nodes) if (node?.id !== undefined && !apply(node)) chats.set(node.id, true)
  }

  return (chatId) => chats.set(chatId, true)
}
