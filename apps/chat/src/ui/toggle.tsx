import type { ReactNode } from 'react'

/** A switch with its label beside it. */
export function Toggle({
  isOn,
  isDisabled = false,
  describedBy,
  onChange,
  children,
}: Readonly<{
  isOn: boolean
  isDisabled?: boolean
  /** The id of a hint. */
  describedBy?: string | undefined
  onChange(isOn: boolean): void
  children: ReactNode
}>): ReactNode {
  return (
    <label className="toggle">
      <input
        type="checkbox"
        role="switch"
        className="toggle-input"
        checked={isOn}
        disabled={isDisabled}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.checked)}
      />
      {children}
    </label>
  )
}
