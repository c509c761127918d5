import type { WalPosition } from '../sql/server-state.ts'

/** Formats a position for clients, in PostgreSQL's notation: 16/B374D848. */
export function toToken(position: WalPosition): string {
  const low = position % 0x1_0000_0000
  return `${((position - low) / 0x1_0000_0000).toString(16)}/${low.toString(16)}`.toUpperCase()
}

/** Parses what `toToken` returned. Undefined if the text is not a position. */
export function fromToken(token: string): WalPosition | undefined {
  const [, high, low] = /^([0-9A-F]{1,6})\/([0-9A-F]{1,8})$/i.exec(token) ?? []
  return high === undefined || low === undefined
    ? undefined
    : Number.parseInt(high, 16) * 0x1_0000_0000 + Number.parseInt(low, 16)
}
