import type { ReactNode } from 'react'
import { useSecond } from '../lib/clock.ts'
import { timeLeft } from '../lib/times.ts'
import { Icon } from '../ui/icon.tsx'

/** The time until a message disappears. */
export function Expiry({ at }: Readonly<{ at: Date }>): ReactNode {
  const left = timeLeft(at.getTime() - useSecond())
  return (
    <span className="expiry" title={`Disappears in ${left}`}>
      <Icon name="timer" size={13} />
      {left}
    </span>
  )
}
