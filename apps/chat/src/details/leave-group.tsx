import type { UseChat } from '@parley/react'
import { type ReactNode, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { attempt } from '../lib/notices.tsx'
import { Confirm, type Question } from '../ui/confirm.tsx'

/** Leaves the group, after a question. */
export function LeaveGroup({ chat, onLeft }: Readonly<{ chat: UseChat; onLeft(): void }>): ReactNode {
  const [question, setQuestion] = useState<Question>()
  const leaving: Question = {
    title: `Leave ${chat.title}?`,
    text: 'You receive no more messages of this group. Only an owner or admin can add you again.',
    confirm: 'Leave',
    onConfirm: () => attempt(chat.leave().then(onLeft)),
  }
  return (
    <>
      <Button className="button button-danger" onPress={() => setQuestion(leaving)}>
        Leave the group
      </Button>
      <Confirm question={question} onClose={() => setQuestion(undefined)} />
    </>
  )
}
