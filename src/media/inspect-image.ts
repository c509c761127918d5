import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metadata, Sharp } from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'

/** The limits of one image. */
export type ImageLimits = Readonly<{
  /** Of all frames together. */
  maxPixels: number
  maxFrames: number
}>

/** An image that was encoded again. */
export type InspectedImage = Readonly<{
  contentType: string
  byteSize: number
  width: number
  height: number
  thumbhash: string
}>

export const THUMBNAIL_EDGES = [320, 1280] as const

/** ThumbHash takes images of at most this size. */
const HASHED_EDGE = 100

/**
 * Decodes an image and encodes it again, so that metadata, such as where a photo was taken, and anything hidden in the
 * file are gone. The orientation that the metadata had is applied to the pixels. Writes `file`, `320` and `1280` into a
 * folder. Rejects if the image is damaged or beyond a limit.
 */
export async function inspectImage(
  path: string,
  folder: string,
  limits: ImageLimits,
): Promise<InspectedImage> {
  const { default: sharp } = await import('sharp')
  // The cache would keep files open and pixels in memory. One thread per image leaves the others to messages.
  sharp.cache(false)
  sharp.concurrency(1)
  const options = { limitInputPixels: limits.maxPixels, failOn: 'error' } as const
  const metadata = await sharp(path, options).metadata()
  const pages = framesWithin(metadata, limits)
  const open = (frames: number): Sharp =>
    sharp(path, { ...options, pages: frames, sequentialRead: true }).autoOrient()

  const file = join(folder, 'file')
  const { encode, contentType } = encoderOf(metadata)
  const written = await encode(open(pages)).toFile(file)
  for (const edge of THUMBNAIL_EDGES) {
    const small = open(1).resize({ width: edge, height: edge, fit: 'inside', withoutEnlargement: true })
    await small.webp({ quality: 80 }).toFile(join(folder, String(edge)))
  }
  return {
    contentType,
    byteSize: (await stat(file)).size,
    width: written.width,
    height: written.pageHeight ?? written.height,
    thumbhash: await thumbhashOf(open(1)),
  }
}

/** An animation beyond the limits becomes its first frame. */
function framesWithin({ pages = 1, width, pageHeight, height }: Metadata, limits: ImageLimits): number {
  const pixels = width * (pageHeight ?? height) * pages
  return pages <= limits.maxFrames && pixels <= limits.maxPixels ? pages : 1
}

type Encoder = Readonly<{ encode(image: Sharp): Sharp; contentType: string }>

/** With the usual effort, a WebP of the most pixels would come close to the limit of processor time. */
const LARGE_PIXELS = 16_000_000

/** Encoding AVIF takes a minute for a large photo, so AVIF becomes WebP. */
function encoderOf({ format, width, height }: Metadata): Encoder {
  switch (format) {
    case 'jpeg':
      return { encode: (image) => image.jpeg({ quality: 88 }), contentType: 'image/jpeg' }
    case 'png':
      return { encode: (image) => image.png(), contentType: 'image/png' }
    case 'gif':
      return { encode: (image) => image.gif(), contentType: 'image/gif' }
    case 'webp':
    case 'heif':
      return {
        encode: (image) => image.webp({ quality: 88, effort: width * height > LARGE_PIXELS ? 1 : 4 }),
        contentType: 'image/webp',
      }
    default:
      throw new Error(`Images of the format ${format} are not shown`)
  }
}

async function thumbhashOf(image: Sharp): Promise<string> {
  const { data, info } = await image
    .resize({ width: HASHED_EDGE, height: HASHED_EDGE, fit: 'inside', withoutEnlargement: true })
    .ensureAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64')
}
