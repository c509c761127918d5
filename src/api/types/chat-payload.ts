import type { Builder, ChatRef } from '../builder.ts'

/** Returns the type of the result of a mutation of a chat: the chat after the change. */
export function chatPayload(builder: Builder, name: string) {
  return builder
    .objectRef<{ chat: ChatRef }>(name)
    .implement({ fields: (t) => ({ chat: t.expose('chat', { type: 'Chat' }) }) })
}
