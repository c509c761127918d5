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
  fill(chats) {
    for (const { messages } of chats) for (const { node } of messages.edges) show(node)
  },
  apply({ __typename, message }) {
    if (__typename === 'MessageSent') show(message)
  },
}
