import type { UseChat } from '@parley/react'
import { useMemo } from 'react'
import type { Draft } from '../composer/drafts.ts'
import { attempt } from '../lib/notices.tsx'
import type { MessageActions } from './actions.ts'
import type { OpenMenu } from './message-menu.tsx'

/** Returns the actions of messages: the same object for all renders of one chat. */
export function useMessageActions(
  { react, retry, discard }: UseChat,
  jumpTo: (messageId: string) => void,
  setMenu: (menu: OpenMenu) => void,
  setTarget: (target: Draft['target']) => void,
): MessageActions {
  return useMemo(
    () => ({
      openMenu(event, message) {
        if (message.body === null || message.id === undefined) return
        event.preventDefault()
        const { currentTarget: element } = event
        setMenu({ message, anchor: element.querySelector<HTMLElement>('.bubble') ?? element })
      },
      reply: (message) => setTarget({ type: 'reply', message }),
      react(message, emoji, present) {
        if (message.id !== undefined) attempt(react(message.id, emoji, present))
      },
      jumpTo,
      retry: ({ clientMessageId }) => retry(clientMessageId),
      discard: ({ clientMessageId }) => discard(clientMessageId),
    }),
    [react, retry, discard, jumpTo, setMenu, setTarget],
  )
}
