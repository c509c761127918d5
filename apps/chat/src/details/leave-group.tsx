import type { UseChat } from '@parley/react'
import { type ReactNode, useState } from 'react'
import { Button } from 'react-aria-components/Button'
import { attempt } from '../lib/notices.tsx'

/** Leaves the group, after a second press. */
export function LeaveGroup({ chat, onLeft }: Readonly<{ chat: UseChat; onLeft(): void }>): ReactNode {
  const [isSure, setIsSure] = useState(false)
  return (
    <Button
      className="button button-danger"
      onPress={() => (isSure ? attempt(chat.leave().then(onLeft)) : setIsSure(true))}
    >
      {isSure ? 'Leave, and receive no more messages?' : 'Leave the group'}
    </Button>
  )
}
