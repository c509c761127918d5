import { usePresence } from '@parley/react'
import { type ReactNode, useState } from 'react'

const COLORS = 8

/** The picture of a user or group. Initials in the colour of the id, if there is none or it does not load. */
export function Avatar({
  id,
  name,
  pictureUrl,
  size = 'medium',
  children,
}: Readonly<{
  id: string
  name: string
  pictureUrl: string | null
  size?: 'tiny' | 'small' | 'medium' | 'large'
  children?: ReactNode
}>): ReactNode {
  return (
    <span className={`avatar avatar-${size} avatar-color-${colorOf(id)}`} aria-hidden="true">
      {initials(name)}
      {pictureUrl !== null && <Picture key={pictureUrl} url={pictureUrl} />}
      {children}
    </span>
  )
}

/** Covers the initials once it is loaded. The other site does not learn where the picture is shown. */
function Picture({ url }: Readonly<{ url: string }>): ReactNode {
  const [state, setState] = useState<'loading' | 'loaded' | 'failed'>('loading')
  if (state === 'failed') return null
  return (
    <img
      className="avatar-picture"
      data-loaded={state === 'loaded'}
      src={url}
      alt=""
      loading="lazy"
      decoding="async"
      draggable={false}
      referrerPolicy="no-referrer"
      onLoad={() => setState('loaded')}
      onError={() => setState('failed')}
    />
  )
}

/** The dot of a user who is online. Nothing if that is not known. */
export function OnlineDot({ userId }: Readonly<{ userId: string }>): ReactNode {
  const presence = usePresence(userId)
  return presence.type === 'online' ? <span className="online-dot" /> : null
}

/** The number of a person's or group's colour: FNV-1a, which spreads ids that differ in one letter. */
export function colorOf(id: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index += 1)
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193) >>> 0
  return ((hash ^ (hash >>> 15)) >>> 0) % COLORS
}

/** Keeps Arabic initials from joining into a word. */
const NON_JOINER = '\u200c'

/** Letters and digits. A name without any has its first emoji or sign. */
function initials(name: string): string {
  const words = name.split(/\s+/).flatMap((word) => word.match(/[\p{L}\p{N}]/u) ?? [])
  if (words.length === 0) return name.match(/\p{RGI_Emoji}|\S/v)?.[0] ?? ''
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words
  return letters.map((letter = '') => letter.toUpperCase()).join(NON_JOINER)
}
