import type { ReactNode } from 'react'
import { Icon } from '../ui/icon.tsx'

/** Says that a chat is muted. */
export function MutedMark(): ReactNode {
  return (
    <span className="muted-mark">
      <Icon name="bell-off" size={16} />
      <span className="visually-hidden">Muted</span>
    </span>
  )
}
