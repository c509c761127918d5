import { type HTMLAttributes, type ReactNode, useRef } from 'react'
import { useDialog } from 'react-aria/useDialog'

type Props = Readonly<{
  className: string
  role?: 'dialog' | 'alertdialog'
  /** Needed unless `children` renders the title. */
  'aria-label'?: string
  /** A function gets the attributes of the element that names the dialog. */
  children: ReactNode | ((title: HTMLAttributes<HTMLElement>) => ReactNode)
}>

/** The content of an overlay. The focus moves into it, and stays there. */
export function Dialog({ className, children, ...props }: Props): ReactNode {
  const ref = useRef<HTMLElement>(null)
  const { dialogProps, titleProps } = useDialog(props, ref)
  return (
    <section {...dialogProps} ref={ref} className={className}>
      {typeof children === 'function' ? children(titleProps) : children}
    </section>
  )
}
