import type { Attachment, Message } from '@parley/client'
import type { SyntheticEvent } from 'react'

/** The actions of a message. One object serves all messages, so that none is rendered again for it. */
export type MessageActions = Readonly<{
  /** Opens the actions of a message beside the element of the event. */
  openMenu(event: SyntheticEvent<HTMLElement>, message: Message): void
  reply(message: Message): void
  react(message: Message, emoji: string, present: boolean): void
  /** Scrolls to a message, and loads older ones until it is there. */
  jumpTo(messageId: string): void
  /** A word or two for the files of a message, if it is loaded. */
  textOf(messageId: string): string | undefined
  /** Shows a picture in full. */
  openGallery(message: Message, attachment: Attachment): void
  retry(message: Message): void
  discard(message: Message): void
}>

/** A small palette. The server takes every emoji. */
export const PALETTE = ['👍', '❤️', '😂', '😮', '😢', '🎉'] as const
