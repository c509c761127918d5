import type { Message } from './documents.ts'
import type { Store } from './inbox.ts'

const shown = new Set<string>()

/** Prints a message once. */
export function show({ id, sender, body }: Message): void {
  if (shown.has(id)) return
  shown.add(id)
  console.log(`${sender.name}: ${body ?? '(deleted)'}`)
}

/** Stands for an app's store and its screen. */
export const screen: Store = {
  replace(chats) {
    for (const chat of chats) screen.add(chat)
  },
  add({ messages }) {
    for (const { node } of messages.edges) show(node)
  },
  apply({ __typename, message }) {
    if (__typename === 'MessageSent') show(message)
  },
}
