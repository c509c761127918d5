import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metadata, OutputInfo, Sharp } from 'sharp'
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
const LARGEST_EDGE = 1280

/** More effort takes twice the processor time, for a file that is hardly smaller. */
const THUMBNAIL = { quality: 80, effort: 2 } as const

/** ThumbHash takes images of at most this size. */
const HASHED_EDGE = 100

/**
 * Decodes an image and encodes it again, so that metadata, such as where a photo was taken, and anything hidden in the
 * file are gone. The orientation that the metadata had is applied to the pixels. Writes `file`, `320` and `1280` into a
 * folder. Rejects if the image is damaged or beyond a limit.
 *
 * The large thumbnail is decoded from the file, JPEG at a fraction of its size. The small one and the ThumbHash come
 * from its pixels.
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
  const pixels = await pixelsWithin(open(1), LARGEST_EDGE)
  const small = ({ data, info }: Pixels, edge: number): Sharp => fitted(sharp(data, { raw: info }), edge)
  for (const edge of THUMBNAIL_EDGES) {
    await small(pixels, edge)
      .webp(THUMBNAIL)
      .toFile(join(folder, String(edge)))
  }
  return {
    contentType,
    byteSize: (await stat(file)).size,
    width: written.width,
    height: written.pageHeight ?? written.height,
    thumbhash: thumbhashOf(await pixelsWithin(small(pixels, HASHED_EDGE).ensureAlpha(), HASHED_EDGE)),
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

type Pixels = Readonly<{ data: Buffer; info: OutputInfo }>

/** Decodes an image into at most so many pixels, with 8 bits for each channel. */
function pixelsWithin(image: Sharp, edge: number): Promise<Pixels> {
  return fitted(image, edge)
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
}

function fitted(image: Sharp, edge: number): Sharp {
  return image.resize({ width: edge, height: edge, fit: 'inside', withoutEnlargement: true })
}

function thumbhashOf({ data, info }: Pixels): string {
  return Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64')
}
