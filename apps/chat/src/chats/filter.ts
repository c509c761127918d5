import type { ChatSummary } from '@parley/client'

/** Returns the chats whose title or last message contains the text. */
export function filterChats(chats: readonly ChatSummary[], text: string): readonly ChatSummary[] {
  const wanted = fold(text.trim())
  if (wanted === '') return chats
  return chats.filter(
    ({ title, lastMessage }) =>
      fold(title).includes(wanted) || fold(lastMessage?.body ?? '').includes(wanted),
  )
}

/** Without case and accents. */
function fold(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
}
