import type { QuotedMessage } from '@parley/client'
import type { ReactNode } from 'react'
import { colorOf } from '../ui/avatar.tsx'
import type { MessageActions } from './actions.ts'

/** The message that another one replies to. Pressing it leads there. */
export function Quote({
  quote,
  isTabStop,
  actions,
}: Readonly<{ quote: QuotedMessage; isTabStop: boolean; actions: MessageActions }>): ReactNode {
  return (
    <button
      type="button"
      className={`quote sender-color-${colorOf(quote.sender.id)}`}
      tabIndex={isTabStop ? 0 : -1}
      onClick={() => actions.jumpTo(quote.id)}
    >
      <bdi className="quote-sender">{quote.sender.name}</bdi>
      <span className="quote-text" dir="auto">
        {quote.body ?? actions.textOf(quote.id) ?? 'Message not available'}
      </span>
    </button>
  )
}
