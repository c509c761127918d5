import type { ReactNode, SelectHTMLAttributes } from 'react'
import { Icon } from './icon.tsx'

/** The device's own list of choices, in the look of a field. */
export function Select({
  className = '',
  children,
  ...props
}: SelectHTMLAttributes<HTMLSelectElement>): ReactNode {
  return (
    <span className={`select ${className}`}>
      <select {...props} className="select-input">
        {children}
      </select>
      <Icon name="down" size={16} />
    </span>
  )
}
