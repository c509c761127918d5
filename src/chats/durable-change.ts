import type { Seq } from '../ids.ts'
import {
  answerInTime,
  changeNotConfirmed,
  FIVE_QUICK_ATTEMPTS,
  runDurableCommand,
} from '../store/sql/durable-command.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { Change, ChangeTarget, ChatLog, LockedChat } from './chat-log.ts'

/** Publishes stored events to connected clients. Never throws: gap repair reads an event that is lost from the log. */
export type Publish = (events: readonly ChatEvent[]) => void

/**
 * Changes a chat durably and publishes the change. Takes what `ChatLog.append` takes and returns its events. `decide`
 * looks before it writes, so a change that is already in place adds nothing and the caller may send it again.
 *
 * Errors: those of `ChatLog.append`; UNAVAILABLE – the outcome is not known in time.
 */
export type DurableChange = <Event extends ChatEvent>(
  target: ChangeTarget,
  decide: (tx: Transaction, chat: LockedChat) => Promise<readonly Change<Event>[]>,
) => Promise<readonly Event[]>

export function createDurableChange({
  chatLog,
  publish,
}: {
  chatLog: ChatLog
  publish: Publish
}): DurableChange {
  const change: DurableChange = (target, decide) => {
    const { chatId } = target
    /** The chat's head at each attempt. An attempt that stored something moved it. */
    const heads: Seq[] = []
    return runDurableCommand({
      attempt: () =>
        chatLog.append(target, (tx, chat) => {
          heads.push(chat.headSeq)
          return decide(tx, chat)
        }),
      events: {
        stored: (events) => events,
        readBack(events) {
          const [afterSeq = 0, untilSeq = 0] = [heads.at(0), heads.at(-1)]
          return events.length > 0 ? Promise.resolve([]) : chatLog.pages({ chatId, afterSeq, untilSeq })
        },
        publish,
      },
      retry: FIVE_QUICK_ATTEMPTS,
      notConfirmed: changeNotConfirmed,
    })
  }

  return (target, decide) => answerInTime(change(target, decide), changeNotConfirmed)
}
