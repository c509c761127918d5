import type { UseChat } from '@parley/react'
import { useMemo, useRef } from 'react'
import { isGone } from '../chats/preview.ts'
import type { Draft } from '../composer/drafts.ts'
import { galleryKey } from '../files/gallery.tsx'
import { labelOf } from '../files/labels.ts'
import { attempt } from '../lib/notices.tsx'
import type { MessageActions } from './actions.ts'
import type { OpenMenu } from './message-menu.tsx'

/** Returns the actions of messages: the same object for all renders of one chat. */
export function useMessageActions(
  { react, retry, discard, messages }: UseChat,
  jumpTo: (messageId: string) => void,
  setMenu: (menu: OpenMenu) => void,
  setTarget: (target: Draft['target']) => void,
  showInGallery: (key: string) => void,
): MessageActions {
  // Rows are rendered again for a change of their own, not for one of the list.
  const newest = useRef(messages)
  newest.current = messages
  return useMemo(
    () => ({
      openMenu(event, message) {
        if (isGone(message) || message.id === undefined) return
        event.preventDefault()
        const { currentTarget: element } = event
        setMenu({ message, anchor: element.querySelector<HTMLElement>('.bubble') ?? element })
      },
      reply: (message) => setTarget({ type: 'reply', message }),
      react(message, emoji, present) {
        if (message.id !== undefined) attempt(react(message.id, emoji, present))
      },
      jumpTo,
      textOf(messageId) {
        const message = newest.current.find(({ id }) => id === messageId)
        return message === undefined ? undefined : labelOf(message)?.text
      },
      openGallery: (message, attachment) =>
        showInGallery(galleryKey(message, message.attachments.indexOf(attachment))),
      retry: ({ clientMessageId }) => retry(clientMessageId),
      discard: ({ clientMessageId }) => discard(clientMessageId),
    }),
    [react, retry, discard, jumpTo, showInGallery, setMenu, setTarget],
  )
}
