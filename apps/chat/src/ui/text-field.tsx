import type { ReactNode } from 'react'
import { Input } from 'react-aria-components/Input'
import { Label } from 'react-aria-components/Label'
import { Text } from 'react-aria-components/Text'
import { TextField as AriaTextField } from 'react-aria-components/TextField'
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
  return (
    <AriaTextField
      className="field"
      value={value}
      onChange={onChange}
      type={type}
      autoFocus={isFocused}
      autoComplete="off"
      {...(maxLength !== undefined && { maxLength })}
    >
      <Label className="field-label">{label}</Label>
      <Input className="field-input" placeholder={placeholder} dir={textDirection(value)} />
      {hint !== undefined && (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
    </AriaTextField>
  )
}
