import { type ReactNode, useRef, useState } from 'react'
import { Popover, type PopoverProps } from 'react-aria-components/Popover'
import { Dialog } from './dialog.tsx'
import { IconButton } from './icon-button.tsx'
import type { IconName } from './icon.tsx'

/** A button that opens a small dialog beside it. */
export function PopoverButton({
  icon,
  label,
  title = label,
  placement,
  buttonClass = '',
  dialogClass = '',
  isDisabled = false,
  children,
}: Readonly<{
  icon: IconName
  label: string
  /** Names the dialog. Default: the label of the button. */
  title?: string
  placement: NonNullable<PopoverProps['placement']>
  buttonClass?: string
  dialogClass?: string
  isDisabled?: boolean
  children(close: () => void): ReactNode
}>): ReactNode {
  const [isOpen, setIsOpen] = useState(false)
  const trigger = useRef<HTMLButtonElement>(null)
  return (
    <>
      <IconButton
        ref={trigger}
        icon={icon}
        label={label}
        className={buttonClass}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        isDisabled={isDisabled}
        onPress={() => setIsOpen(!isOpen)}
      />
      <Popover
        className="popover"
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        triggerRef={trigger}
        placement={placement}
      >
        <Dialog className={`popover-dialog ${dialogClass}`} aria-label={title}>
          {children(() => setIsOpen(false))}
        </Dialog>
      </Popover>
    </>
  )
}
