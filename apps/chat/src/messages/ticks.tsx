import type { MessageStatus } from '@parley/client'
import type { ReactNode } from 'react'

const LABELS: Readonly<Record<MessageStatus, string>> = {
  pending: 'Waiting to be sent',
  failed: 'Not sent',
  sent: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
}

const FIRST = 'M1.500 8.500l3.200 3.300L11.200 4'
const SECOND = 'M8.200 11.300l.6.500L15.200 4'

/** How far a message has come: a clock, one tick, two ticks, two coloured ticks. */
export function Ticks({ status }: Readonly<{ status: MessageStatus }>): ReactNode {
  return (
    <span className={`ticks ticks-${status}`} role="img" aria-label={LABELS[status]}>
      <svg width="18" height="16" viewBox="0 0 18 16" aria-hidden="true">
        {paths(status)}
      </svg>
    </span>
  )
}

function paths(status: MessageStatus): ReactNode {
  switch (status) {
    case 'pending':
      return <path d="M9 4.500V8l2.200 1.400M9 14A6 6 0 1 0 9 2a6 6 0 0 0 0 12" />
    case 'failed':
      return <path d="M9 4.800v4M9 11.200v.01M9 14.500a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13" />
    case 'sent':
      return <path d={FIRST} transform="translate(3)" />
    default:
      return (
        <>
          <path d={FIRST} />
          <path d={SECOND} />
        </>
      )
  }
}
