import type { Message } from '@parley/client'
import type { ReactNode } from 'react'
import { sendProblemText } from '../lib/problems.ts'
import type { MessageActions } from './actions.ts'

/** Why a message was refused, and what can be done. */
export function Failure({
  message,
  isTabStop,
  actions,
}: Readonly<{ message: Message; isTabStop: boolean; actions: MessageActions }>): ReactNode {
  return (
    <div className="failure">
      <span>{sendProblemText(message.error)}</span>
      <button
        type="button"
        className="link-button"
        tabIndex={isTabStop ? 0 : -1}
        onClick={() => actions.retry(message)}
      >
        Try again
      </button>
      <button
        type="button"
        className="link-button"
        tabIndex={isTabStop ? 0 : -1}
        onClick={() => actions.discard(message)}
      >
        Discard
      </button>
    </div>
  )
}
