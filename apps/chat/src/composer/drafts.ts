import type { Message } from '@parley/client'
import { useSyncExternalStore } from 'react'

/** The purpose of the composer: an answer to a message, or a new body of one. Undefined: a new message. */
export type Draft = Readonly<{
  target: Readonly<{ type: 'reply' | 'edit'; message: Message }> | undefined
}>

const texts = new Map<string, string>()
const listeners = new Set<() => void>()

/** Keeps the text that was typed into a chat while another one is open. */
export function setDraft(chatId: string, text: string): void {
  if (text === '') texts.delete(chatId)
  else texts.set(chatId, text)
  for (const listener of listeners) listener()
}

export function draftOf(chatId: string): string {
  return texts.get(chatId) ?? ''
}

/** Returns the unsent text of a chat. */
export function useDraft(chatId: string): string {
  return useSyncExternalStore(subscribe, () => draftOf(chatId))
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
