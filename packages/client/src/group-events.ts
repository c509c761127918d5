import type { MemberRole, ParleyClient, Store, User } from './api.ts'
import { engineOf } from './engine/engine.ts'
import { ParleyError } from './errors.ts'
import { GROUP_EVENTS } from './graphql/documents.ts'
import type { EventData } from './graphql/responses.ts'
import { ValueStore } from './lib/value-store.ts'

/** An event of a group that is not about a message. `seq` gives its place between the messages. */
export type GroupEvent = Readonly<{ seq: number; at: Date; actor: User }> &
  (
    | Readonly<{ type: 'member-added'; user: User }>
    /** `user` equals `actor` if the user left. */
    | Readonly<{ type: 'member-removed'; user: User }>
    | Readonly<{ type: 'role-changed'; user: User; role: MemberRole }>
    /** The title or the lifetime of messages. With `seq` 1, the group was created. */
    | Readonly<{ type: 'chat-updated' }>
  )

/** The most events of one answer. */
const PAGE = 500

/** A stretch of the log: the events after one seq, up to another. */
type Range = Readonly<{ afterSeq: number; untilSeq: number }>

/**
 * Returns the events of a group beside its messages, by seq, as far back as its messages are loaded. They are loaded
 * while the store has listeners. Empty in a direct chat, and where the server no longer keeps them.
 *
 * The store holds one stretch of the log. It grows at the start when older messages are loaded, and at the end by the
 * events of the inbox. If the chat was read anew, the inbox has not brought all of them, and the rest is read from the
 * log. A log that has become shorter was restored from a backup: everything is read again.
 */
export function groupEvents(client: ParleyClient, chatId: string): Store<readonly GroupEvent[]> {
  const { requestWithRetries: request, eventListeners, signal, onError } = engineOf(client)
  const chat = client.chat(chatId)
  let range: Range | undefined
  let isReading = false
  let unwatch: (() => void) | undefined
  const events = new ValueStore<readonly GroupEvent[]>([], (isWatched) => {
    unwatch?.()
    unwatch = isWatched ? watch() : undefined
  })

  function watch(): () => void {
    const unsubscribe = chat.subscribe(update)
    eventListeners.add(takeLive)
    update()
    return () => {
      unsubscribe()
      eventListeners.delete(takeLive)
    }
  }

  function wanted(): Range | undefined {
    const { kind, isLoaded, messages, hasOlder, headSeq } = chat.getSnapshot()
    if (kind !== 'GROUP' || !isLoaded || unwatch === undefined || signal.aborted) return undefined
    const first = hasOlder ? messages[0]?.seq : undefined
    return { afterSeq: first === undefined ? 0 : first - 1, untilSeq: headSeq }
  }

  function takeLive(event: EventData): void {
    if (event.chat.id === chatId && event.seq === (range?.untilSeq ?? 0) + 1) append([event], event.seq)
  }

  function append(found: readonly EventData[], untilSeq: number): void {
    if (range === undefined) return
    range = { ...range, untilSeq }
    events.set([...events.getSnapshot(), ...toGroupEvents(found)])
  }

  function update(): void {
    if (isReading) return
    isReading = true
    readAll()
      .catch((error: unknown) => signal.aborted || onError(error))
      .finally(() => (isReading = false))
  }

  async function readAll(): Promise<void> {
    for (let next = wanted(); next !== undefined; next = wanted()) {
      if (range === undefined || next.untilSeq < range.untilSeq) {
        range = { afterSeq: next.untilSeq, untilSeq: next.untilSeq }
        events.set([])
      }
      const { afterSeq, untilSeq } = range
      if (next.afterSeq < afterSeq) {
        const older = await read({ afterSeq: next.afterSeq, untilSeq: afterSeq })
        range = { ...range, afterSeq: next.afterSeq }
        events.set([...toGroupEvents(older), ...events.getSnapshot()])
      } else if (next.untilSeq > untilSeq) {
        const newer = await read({ afterSeq: untilSeq, untilSeq: next.untilSeq })
        append(newer, next.untilSeq)
      } else return
    }
  }

  /** Reads a stretch page by page, as far as the server still keeps it. */
  async function read({ afterSeq, untilSeq }: Range): Promise<readonly EventData[]> {
    const found: EventData[] = []
    for (let after = afterSeq; after < untilSeq;) {
      const first = Math.min(PAGE, untilSeq - after)
      type Data = Readonly<{ chat: Readonly<{ events: readonly EventData[] }> | null }>
      const page = await request<Data>(GROUP_EVENTS, { id: chatId, afterSeq: after, first }).catch(noneIfGone)
      const newest = page.chat?.events.at(-1)?.seq
      if (newest === undefined) break
      found.push(...(page.chat?.events ?? []))
      after = newest
    }
    return found.filter(({ seq }) => seq <= untilSeq)
  }

  return events
}

function noneIfGone(error: unknown): Readonly<{ chat: null }> {
  if (error instanceof ParleyError && error.code === 'NOT_FOUND') return { chat: null }
  throw error
}

/** Leaves out messages, and types that are newer than this client. */
function toGroupEvents(events: readonly EventData[]): readonly GroupEvent[] {
  return events.flatMap((event): readonly GroupEvent[] => {
    const { __typename: type, seq, at, actor, user, role } = event
    const common = { seq, at: new Date(at), actor }
    if (type === 'ChatUpdated') return [{ ...common, type: 'chat-updated' }]
    if (user === undefined) return []
    if (type === 'MemberAdded') return [{ ...common, type: 'member-added', user }]
    if (type === 'MemberRemoved') return [{ ...common, type: 'member-removed', user }]
    return type === 'MemberRoleChanged' && role !== undefined
      ? [{ ...common, type: 'role-changed', user, role }]
      : []
  })
}
