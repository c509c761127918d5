import type { User } from '@parley/client'
import { useChats, useViewer } from '@parley/react'
import { useMemo } from 'react'
import { useSession } from '../session/session.ts'

/** Returns the people that the viewer can be expected to know, by name. */
export function usePeople(): readonly User[] {
  const { contacts } = useSession()
  const chats = useChats()
  const viewer = useViewer()
  return useMemo(() => {
    const people = new Map<string, User>()
    const seen = chats.flatMap(({ otherUser, lastMessage }) => [otherUser, lastMessage?.sender])
    for (const user of [...contacts, ...seen]) {
      if (user !== undefined && user.id !== viewer?.id) people.set(user.id, user)
    }
    return [...people.values()].sort((a, b) => a.name.localeCompare(b.name))
  }, [contacts, chats, viewer])
}

/** Completes what a person types as the name of a user: "bob" is "user_bob". */
export function toUserId(text: string): string | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  return trimmed.startsWith('user_') ? trimmed : `user_${trimmed}`
}
