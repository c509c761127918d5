import type { ReactNode } from 'react'

/** Parley's sign: two bubbles, one answering the other. */
export function Logo({ size = 64 }: Readonly<{ size?: number }>): ReactNode {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect className="logo-ground" width="32" height="32" rx="9" />
      <path
        className="logo-first"
        d="M7 10.500A3.500 3.500 0 0 1 10.500 7h7A3.500 3.500 0 0 1 21 10.500v2a3.500 3.500 0 0 1-3.500 3.500H12l-3.600 2.900a.9.9 0 0 1-1.400-.7Z"
      />
      <path
        className="logo-second"
        d="M25 17.500a3.500 3.500 0 0 0-2.200-3.250C22.300 16.500 20.200 18 17.700 18H15v.5a3.500 3.500 0 0 0 3.500 3.500h2l3 2.600a.9.9 0 0 0 1.500-.7Z"
      />
    </svg>
  )
}
