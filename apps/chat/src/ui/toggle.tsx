import type { ReactNode } from 'react'

/** A switch with its label beside it. */
export function Toggle({
  isOn,
  onChange,
  children,
}: Readonly<{ isOn: boolean; onChange(isOn: boolean): void; children: ReactNode }>): ReactNode {
  return (
    <label className="toggle">
      <input
        type="checkbox"
        role="switch"
        className="toggle-input"
        checked={isOn}
        onChange={(event) => onChange(event.target.checked)}
      />
      {children}
    </label>
  )
}
