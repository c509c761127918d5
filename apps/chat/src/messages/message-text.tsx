import type { ReactNode } from 'react'

/** Addresses of the web. Punctuation after an address belongs to the sentence. */
const ADDRESS = /https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}]/gi

/** The text of a message, with its addresses as links. */
export function MessageText({ text, isTabStop }: Readonly<{ text: string; isTabStop: boolean }>): ReactNode {
  const parts: ReactNode[] = []
  let end = 0
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    parts.push(
      text.slice(end, index),
      <a key={index} href={address} target="_blank" rel="noopener noreferrer" tabIndex={isTabStop ? 0 : -1}>
        {address}
      </a>,
    )
    end = index + address.length
  }
  return [...parts, text.slice(end)]
}

/** Messages of so few emoji are shown large. */
const MAX_LARGE = 3

/** Returns the number of emoji of a text that has nothing else, up to three. Otherwise 0. */
export function largeEmoji(text: string): number {
  const count = [...text.matchAll(/\p{RGI_Emoji}/gv)].length
  if (count === 0 || count > MAX_LARGE) return 0
  return text.replaceAll(/\p{RGI_Emoji}|\s/gv, '') === '' ? count : 0
}
