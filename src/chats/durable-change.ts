import type { ChatId, Seq } from '../ids.ts'
import { within } from '../lib/deadline.ts'
import { notConfirmed, untilKnown } from '../store/sql/until-known.ts'
import type { Transaction } from '../store/sql/writer.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { Change, ChatLog, LockedChat } from './chat-log.ts'
import type { LogRange } from './log-rows.ts'

/** Passes events on to whoever is connected. Never throws: what is lost on the way is read from the log. */
export type Publish = (events: readonly ChatEvent[]) => void

/**
 * Changes a chat durably, and tells of it. Takes what `ChatLog.append` takes, and answers with its events; since
 * `decide` looks before it writes, a change that is there already adds nothing, and so all may be sent again.
 * UNAVAILABLE where the outcome is not known in time.
 */
export type DurableChange = <Event extends ChatEvent>(
  chatId: ChatId,
  what: 'Chat' | 'Message',
  decide: (tx: Transaction, chat: LockedChat) => Promise<readonly Change<Event>[]>,
) => Promise<readonly Event[]>

/** Within this there is an answer, in milliseconds; stays well below the ten seconds that are promised. */
const ANSWER_WITHIN_MS = 8_000

export function createDurableChange({
  chatLog,
  publish,
}: {
  chatLog: ChatLog
  publish: Publish
}): DurableChange {
  /** An attempt whose answer was lost stored the change after all, and nobody was told. */
  async function publishSince(stretch: LogRange): Promise<void> {
    for await (const events of chatLog.pages(stretch)) publish(events)
  }

  /** Tells of the change also when nobody waits for the answer any more. */
  const change: DurableChange = async (chatId, what, decide) => {
    const heads: Seq[] = []
    const { result: events, mayHaveBeenStored } = await untilKnown(() =>
      chatLog.append(chatId, what, (tx, chat) => {
        heads.push(chat.headSeq)
        return decide(tx, chat)
      }),
    )
    publish(events)
    const [afterSeq = 0, untilSeq = 0] = [heads.at(0), heads.at(-1)]
    if (events.length === 0 && mayHaveBeenStored) await publishSince({ chatId, afterSeq, untilSeq })
    return events
  }

  return (chatId, what, decide) => within(ANSWER_WITHIN_MS, change(chatId, what, decide), notConfirmed)
}
