import { LRUCache } from 'lru-cache'
import { MAX_LOG_PAGE } from '../chats/chat-log.ts'
import type { LogRange } from '../chats/log-rows.ts'
import { approximateBytes, type ChatEvent } from '../events/chat-event.ts'
import type { ChatId, Seq } from '../ids.ts'

/** Reads the first page of a range. */
export type ReadPage = (range: LogRange) => Promise<readonly ChatEvent[]>

/** The events from `first` to `last` of one chat. `bytes` is 0 until they are read. */
type Page = {
  readonly first: Seq
  readonly last: Seq
  readonly startedMs: number
  readonly events: Promise<readonly ChatEvent[]>
  bytes: number
}

/** How long a page is shared after its read began, in milliseconds. The payload of an event is shared as long. */
const MAX_AGE_MS = 1_000
/** The most that is kept. A page of 500 short messages counts as 250 kB. */
const MAX_TOTAL_BYTES = 32 * 1024 * 1024
const MAX_CHATS = 1_000
/** Devices that replay the same chat are at different positions. */
const MAX_PAGES_PER_CHAT = 4

/*
 * When a gateway or a network has failed, the devices of a group replay the same part of its log at the same time. A
 * page that was read for one of them serves the others too, from whichever position in it they continue. They then
 * share the event objects as well, and with them the payloads.
 *
 * A shared page may be a second old:
 * - It lacks no event. The log has no gaps, and a reader asks for events that are committed. It may end earlier than
 *   the reader's range. Then the reader continues with another page.
 * - Its messages may have changed since. Each change is an event later in the log, which the reader gets after it. A
 *   message that has expired is concealed when its event is executed.
 */
export function sharePages(read: ReadPage, elapsedMs: () => number): ReadPage {
  const chats = new LRUCache<ChatId, readonly Page[]>({ max: MAX_CHATS, maxSize: MAX_TOTAL_BYTES })

  function recentPages(chatId: ChatId): readonly Page[] {
    const now = elapsedMs()
    return (chats.get(chatId) ?? []).filter(({ startedMs }) => now - startedMs < MAX_AGE_MS)
  }

  function keep(chatId: ChatId, pages: readonly Page[]): void {
    const size = pages.reduce((sum, { bytes }) => sum + bytes, 1)
    chats.set(chatId, pages.slice(0, MAX_PAGES_PER_CHAT), { size })
  }

  function start(range: LogRange): Page {
    const { chatId, afterSeq, untilSeq } = range
    const last = Math.min(untilSeq, afterSeq + MAX_LOG_PAGE)
    const page: Page = { first: afterSeq + 1, last, startedMs: elapsedMs(), events: read(range), bytes: 0 }
    keep(chatId, [page, ...recentPages(chatId)])
    return page
  }

  /** Returns the events of the page that belong to the range. Undefined if it has no use. */
  async function partOf(
    page: Page,
    { afterSeq, untilSeq }: LogRange,
  ): Promise<readonly ChatEvent[] | undefined> {
    const events = await page.events.catch(() => [])
    if (events[0]?.seq !== page.first) return undefined
    if (afterSeq + 1 === page.first && untilSeq >= page.last) return events
    return events.slice(afterSeq + 1 - page.first, untilSeq + 1 - page.first)
  }

  async function readAndKeep(range: LogRange): Promise<readonly ChatEvent[]> {
    const page = start(range)
    const { chatId } = range
    try {
      const events = await page.events
      page.bytes = events.reduce((sum, event) => sum + approximateBytes(event), 0)
      keep(chatId, recentPages(chatId))
      return events
    } catch (error) {
      keep(
        chatId,
        recentPages(chatId).filter((other) => other !== page),
      )
      throw error
    }
  }

  return async (range) => {
    const known = recentPages(range.chatId).find(
      ({ first, last }) => first <= range.afterSeq + 1 && range.afterSeq + 1 <= last,
    )
    // A reader never inherits a failure, or the end of a log that retention has shortened. It reads for itself.
    return (known && (await partOf(known, range))) ?? readAndKeep(range)
  }
}
