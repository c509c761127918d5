import { ParleyError } from '../errors.ts'
import { CHAT, EVENTS, MEMBERS, SUMMARY_OF } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import type { ChatData, EventData, MemberData, SummaryData } from '../graphql/responses.ts'
import { pause } from '../lib/backoff.ts'
import type { Model } from '../model/model.ts'
import { type ChatRecord, fromChat, fromSummary, type MessageRecord, toMessage } from '../model/records.ts'
import { type Page, readPages } from './pages.ts'

/** How often an answer of a lagging replica is asked for again, and how long the first wait is, in milliseconds. */
const MAX_STALE_READS = 6
const STALE_PAUSE_MS = 100

/** Queries one chat. Each method resolves to null if there is no such chat, or the viewer was never a member. */
export type ChatReads = Readonly<{
  /** The chat without its messages. */
  summary(): Promise<ChatRecord | null>
  /** The chat with its newest messages and all of its members. */
  page(): Promise<ChatRecord | null>
  /** The page of messages before a cursor. */
  older(before: string): Promise<OlderMessages | null>
  /** The events after `seq`, as far as one answer reaches. None if the log no longer reaches back so far. */
  events(seq: number): Promise<readonly EventData[]>
}>

type OlderMessages = Readonly<{ messages: readonly MessageRecord[]; olderCursor: string | null }>

export type ReadDependencies = Readonly<{
  model: Model
  /** Repeats what may succeed later. */
  request: Request
  pageSize: number
  signal: AbortSignal
  /** Whether the server has told that what is known may be wrong. */
  isReset(): boolean
}>

export function createChatReads(
  id: string,
  { model, request, pageSize, signal, isReset }: ReadDependencies,
): ChatReads {
  /** Repeats a query until the answer is at least as new as the record: a replica may answer with an earlier state. */
  async function fresh<Chat extends Readonly<{ headSeq: number }>>(
    document: string,
    before?: string,
  ): Promise<Chat | null> {
    for (let attempt = 1; ; attempt += 1) {
      const known = model.get(id)?.headSeq ?? 0
      const { chat } = await request<{ chat: Chat | null }>(document, { id, pageSize, before })
      if (chat === null || chat.headSeq >= known || isReset() || attempt === MAX_STALE_READS) return chat
      await pause(STALE_PAUSE_MS * attempt, signal)
    }
  }

  /** A direct chat has its members in the summary. */
  async function members({ kind, members: { edges } }: ChatData): Promise<readonly MemberData[]> {
    if (kind === 'DIRECT') return edges.map(({ node }) => node)
    const all: MemberData[] = []
    type Data = Readonly<{ chat: Readonly<{ members: Page<MemberData> }> | null }>
    await readPages(
      async (after) => (await request<Data>(MEMBERS, { id, after })).chat?.members,
      (member) => all.push(member),
    )
    return all
  }

  return {
    async summary() {
      const chat = await fresh<SummaryData>(SUMMARY_OF)
      return chat && fromSummary(chat, model.noteUser)
    },
    async page() {
      const chat = await fresh<ChatData>(CHAT)
      return chat && withoutLater(fromChat(chat, await members(chat), model.viewerId, model.noteUser))
    },
    async older(before) {
      const chat = await fresh<ChatData>(CHAT, before)
      if (chat === null) return null
      const { edges, pageInfo } = chat.messages
      return {
        messages: edges.map(({ node }) => toMessage(node, model.noteUser)),
        olderCursor: pageInfo.hasPreviousPage ? pageInfo.startCursor : null,
      }
    },
    async events(afterSeq) {
      type Data = { chat: Readonly<{ events: readonly EventData[] }> | null }
      const { chat } = await request<Data>(EVENTS, { id, afterSeq }).catch((error: unknown): Data => {
        if (error instanceof ParleyError && error.code === 'NOT_FOUND') return { chat: null }
        throw error
      })
      return chat?.events ?? []
    },
  }
}

/** A query is not of one moment: a message beyond `headSeq` is dropped, its event is still to come. */
function withoutLater(chat: ChatRecord): ChatRecord {
  const messages = chat.messages.filter(({ seq }) => seq <= chat.headSeq)
  return { ...chat, messages, lastMessage: messages.at(-1) ?? chat.lastMessage }
}
