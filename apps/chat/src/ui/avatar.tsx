import { usePresence } from '@parley/react'
import type { ReactNode } from 'react'

const COLORS = 8

/** A picture with initials, in a colour that belongs to the id. */
export function Avatar({
  id,
  name,
  size = 'medium',
  children,
}: Readonly<{
  id: string
  name: string
  size?: 'tiny' | 'small' | 'medium' | 'large'
  children?: ReactNode
}>): ReactNode {
  return (
    <span className={`avatar avatar-${size} avatar-color-${colorOf(id)}`} aria-hidden="true">
      {initials(name)}
      {children}
    </span>
  )
}

/** The dot of a user who is online. Nothing if that is not known. */
export function OnlineDot({ userId }: Readonly<{ userId: string }>): ReactNode {
  const presence = usePresence(userId)
  return presence.type === 'online' ? <span className="online-dot" /> : null
}

/** The number of a person's or group's colour. */
export function colorOf(id: string): number {
  let hash = 7
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 104_729
  return hash % COLORS
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]]
  return letters.map((word) => Array.from(word ?? '')[0]?.toUpperCase() ?? '').join('')
}
