import type { Message } from '@parley/client'
import type { ReactNode } from 'react'
import { sendProblemText } from '../lib/problems.ts'
import type { MessageActions } from './actions.ts'

/** Why a message was refused, and what can be done. */
export function Failure({
  message,
  isMember,
  isTabStop,
  actions,
}: Readonly<{
  message: Message
  isMember: boolean
  isTabStop: boolean
  actions: MessageActions
}>): ReactNode {
  return (
    <div className="failure">
      <span>{isMember ? sendProblemText(message.error, message.attachments.length > 0) : NOT_A_MEMBER}</span>
      <span className="failure-actions">
        {isMember && (
          <button
            type="button"
            className="link-button"
            tabIndex={isTabStop ? 0 : -1}
            onClick={() => actions.retry(message)}
          >
            Try again
          </button>
        )}
        <button
          type="button"
          className="link-button"
          tabIndex={isTabStop ? 0 : -1}
          onClick={() => actions.discard(message)}
        >
          Discard
        </button>
      </span>
    </div>
  )
}

/** Nothing that the person does makes the server take the message. */
const NOT_A_MEMBER = 'Not sent: you are no longer a member of this group.'
