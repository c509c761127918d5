import type { ReactNode } from 'react'
import { bodyText } from '../chats/preview.ts'
import { Icon } from '../ui/icon.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import type { Draft } from './drafts.ts'

/** Says what the composer is for, while that is not a new message. */
export function ComposerBar({
  target,
  onCancel,
}: Readonly<{ target: NonNullable<Draft['target']>; onCancel(): void }>): ReactNode {
  const { type, message } = target
  return (
    <div className="composer-bar">
      <Icon name={type} />
      <div className="composer-bar-text">
        <strong>{type === 'edit' ? 'Edit message' : `Reply to ${message.sender.name}`}</strong>
        <span dir="auto">{bodyText(message)}</span>
      </div>
      <IconButton icon="close" label={type === 'edit' ? 'Stop editing' : 'Do not reply'} onPress={onCancel} />
    </div>
  )
}
