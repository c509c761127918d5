import type { Message } from '@parley/client'
import { type ReactNode, type RefObject, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Popover } from 'react-aria-components/Popover'
import type { Draft } from '../composer/drafts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Icon, type IconName } from '../ui/icon.tsx'
import { PALETTE } from './actions.ts'

export type OpenMenu = Readonly<{ message: Message; anchor: HTMLElement }>

type Props = Readonly<{
  menu: OpenMenu
  viewerId: string | undefined
  isMember: boolean
  onClose(): void
  onTarget(target: Draft['target']): void
  onReact(emoji: string, present: boolean): void
  onCopy(): void
  onDelete(): void
}>

/** The actions of one message. There is one menu for the whole list, so that rows stay light. */
export function MessageMenu(props: Props): ReactNode {
  const { menu, onClose } = props
  const trigger: RefObject<HTMLElement> = { current: menu.anchor }
  return (
    <Popover
      className="popover"
      isOpen
      onOpenChange={(isOpen) => isOpen || onClose()}
      triggerRef={trigger}
      placement="top"
    >
      <Dialog className="popover-dialog message-menu" aria-label="Message actions">
        {props.isMember && <Palette {...props} />}
        <Items {...props} />
      </Dialog>
    </Popover>
  )
}

function Palette({ menu: { message }, viewerId, onReact }: Props): ReactNode {
  return (
    <div className="palette" role="group" aria-label="React">
      {PALETTE.map((emoji) => {
        const users = message.reactions.find((reaction) => reaction.emoji === emoji)?.users ?? []
        const isOwn = users.some(({ id }) => id === viewerId)
        return (
          <Button
            key={emoji}
            className="palette-emoji"
            aria-label={isOwn ? `Remove ${emoji}` : `React with ${emoji}`}
            data-own={isOwn}
            onPress={() => onReact(emoji, !isOwn)}
          >
            {emoji}
          </Button>
        )
      })}
    </div>
  )
}

function Items({ menu: { message }, viewerId, isMember, onTarget, onCopy, onDelete }: Props): ReactNode {
  const [isSure, setIsSure] = useState(false)
  const isOwn = message.sender.id === viewerId
  return (
    <div className="menu-items">
      {isMember && <Item icon="reply" text="Reply" onPress={() => onTarget({ type: 'reply', message })} />}
      {message.body !== null && <Item icon="copy" text="Copy text" onPress={onCopy} />}
      {isOwn && isMember && (
        <>
          {message.body !== null && (
            <Item icon="edit" text="Edit" onPress={() => onTarget({ type: 'edit', message })} />
          )}
          <Item
            icon="trash"
            text={isSure ? 'Delete for everyone?' : 'Delete'}
            isDanger
            onPress={() => (isSure ? onDelete() : setIsSure(true))}
          />
        </>
      )}
    </div>
  )
}

function Item({
  icon,
  text,
  isDanger = false,
  onPress,
}: Readonly<{ icon: IconName; text: string; isDanger?: boolean; onPress(): void }>): ReactNode {
  return (
    <Button className="menu-item" data-danger={isDanger} onPress={onPress}>
      <Icon name={icon} size={18} />
      {text}
    </Button>
  )
}
