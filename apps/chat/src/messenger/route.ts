import { useSyncExternalStore } from 'react'

const PREFIX = '#/chat/'

/*
 * The open chat is part of the address, so that the back button of a browser or phone leads back to the list. The
 * fragment never reaches a server.
 */

/** Returns the id of the open chat. */
export function useOpenChatId(): string | undefined {
  return useSyncExternalStore(subscribe, openChatId)
}

export function openChatId(): string | undefined {
  const { hash } = location
  return hash.startsWith(PREFIX) ? decodeURIComponent(hash.slice(PREFIX.length)) : undefined
}

/** Opens a chat. From one chat to the next, the address is replaced, so that one step back leads to the list. */
export function openChat(chatId: string): void {
  const hash = PREFIX + encodeURIComponent(chatId)
  if (openChatId() === undefined) history.pushState(null, '', hash)
  else history.replaceState(null, '', hash)
  announce()
}

export function closeChat(): void {
  history.replaceState(null, '', location.pathname + location.search)
  announce()
}

const listeners = new Set<() => void>()

function announce(): void {
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  addEventListener('popstate', listener)
  addEventListener('hashchange', listener)
  return () => {
    listeners.delete(listener)
    removeEventListener('popstate', listener)
    removeEventListener('hashchange', listener)
  }
}
