import type { Attachment } from '@parley/client'
import { useAttachment } from '@parley/react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { thumbHashToRGBA } from 'thumbhash'

/** The longest edges of the thumbnails, in pixels. */
const SMALL = 320
const LARGE = 1_280

/** A picture: its colours at once, then the sharp thumbnail that fits the screen. */
export function Picture({
  attachment,
  alt,
  sizes,
}: Readonly<{ attachment: Attachment; alt: string; sizes: string }>): ReactNode {
  const { url, thumbnailUrl, largeThumbnailUrl, width, height, thumbhash, renew } = useAttachment(attachment)
  const [isLoaded, setIsLoaded] = useState(false)
  // The longest edge of a thumbnail is known; a browser asks for its width.
  const scale = Math.min(1, (width ?? 1) / (height ?? 1))
  const sources = [
    [thumbnailUrl, SMALL],
    [largeThumbnailUrl, LARGE],
  ] as const
  const set = sources.flatMap(([source, edge]) =>
    source === null ? [] : `${source} ${Math.round(edge * scale)}w`,
  )
  return (
    <>
      {thumbhash !== null && !isLoaded && <Placeholder hash={thumbhash} />}
      <img
        src={thumbnailUrl ?? url}
        srcSet={set.length > 1 && thumbnailUrl !== largeThumbnailUrl ? set.join(', ') : undefined}
        sizes={sizes}
        alt={alt}
        draggable={false}
        data-loaded={isLoaded}
        onLoad={() => setIsLoaded(true)}
        onError={renew}
      />
    </>
  )
}

/** Drawn, because the page's policy allows no data: addresses. */
function Placeholder({ hash }: Readonly<{ hash: string }>): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    try {
      const { w, h, rgba } = thumbHashToRGBA(Uint8Array.from(atob(hash), (char) => char.charCodeAt(0)))
      Object.assign(context.canvas, { width: w, height: h })
      context.putImageData(new ImageData(new Uint8ClampedArray(rgba), w, h), 0, 0)
    } catch {
      // A placeholder that cannot be read is none.
    }
  }, [hash])
  return <canvas ref={canvas} aria-hidden="true" />
}
