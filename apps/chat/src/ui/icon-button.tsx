import type { ReactNode } from 'react'
import { Button, type ButtonProps } from './button.tsx'
import { Icon, type IconName } from './icon.tsx'

/** A round button with an icon. The label is for screen readers and tooltips. */
export function IconButton({
  icon,
  label,
  className = '',
  ...props
}: Omit<ButtonProps, 'children' | 'className'> &
  Readonly<{ icon: IconName; label: string; className?: string }>): ReactNode {
  return (
    <Button {...props} className={`icon-button ${className}`} aria-label={label}>
      <Icon name={icon} />
    </Button>
  )
}
