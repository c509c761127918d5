import type { ComponentProps, ReactNode } from 'react'

export type ButtonProps = Omit<ComponentProps<'button'>, 'onClick' | 'disabled'> &
  Readonly<{ onPress?: () => void; isDisabled?: boolean }>

/** A button of the browser, which submits no form unless it says so. */
export function Button({ onPress, isDisabled, ...props }: ButtonProps): ReactNode {
  return <button type="button" {...props} disabled={isDisabled} onClick={onPress && (() => onPress())} />
}
