import type { Message } from '@parley/client'
import type { ReactNode } from 'react'
import type { MessageActions } from './actions.ts'

/** The reactions to a message. Pressing one adds or removes the viewer's own. */
export function Reactions({
  message,
  viewerId,
  isTabStop,
  actions,
}: Readonly<{
  message: Message
  viewerId: string | undefined
  isTabStop: boolean
  actions: MessageActions
}>): ReactNode {
  if (message.reactions.length === 0) return null
  return (
    <div className="reactions">
      {message.reactions.map(({ emoji, users }) => {
        const isOwn = users.some(({ id }) => id === viewerId)
        const names = users.map(({ id, name }) => (id === viewerId ? 'you' : name)).join(', ')
        return (
          <button
            key={emoji}
            type="button"
            className="reaction"
            aria-pressed={isOwn}
            aria-label={`${emoji} by ${names}`}
            title={names}
            tabIndex={isTabStop ? 0 : -1}
            onClick={() => actions.react(message, emoji, !isOwn)}
          >
            <span>{emoji}</span>
            {users.length > 1 && <span className="reaction-count">{users.length}</span>}
          </button>
        )
      })}
    </div>
  )
}
