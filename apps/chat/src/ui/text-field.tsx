import { type ReactNode, useId } from 'react'
import { textDirection } from '../lib/text-direction.ts'

/** A labelled field for one line of text. */
export function TextField({
  label,
  hint,
  value,
  onChange,
  placeholder = '',
  maxLength,
  type = 'text',
  isFocused = false,
}: Readonly<{
  label: string
  hint?: string
  value: string
  onChange(value: string): void
  placeholder?: string
  maxLength?: number
  type?: 'text' | 'password'
  isFocused?: boolean
}>): ReactNode {
  const id = useId()
  const hintId = `${id}hint`
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="field-input"
        type={type}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        placeholder={placeholder}
        dir={textDirection(value)}
        autoComplete="off"
        autoFocus={isFocused}
        aria-describedby={hint === undefined ? undefined : hintId}
        maxLength={maxLength}
      />
      {hint !== undefined && (
        <p id={hintId} className="field-hint">
          {hint}
        </p>
      )}
    </div>
  )
}
