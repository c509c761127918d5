import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { thumbHashToAverageRGBA } from 'thumbhash'
import { expect, test } from 'vitest'
import { inspectImage } from '../../../src/media/inspect-image.ts'

// An image becomes the file that others get, two thumbnails, and a ThumbHash.

const LIMITS = { maxPixels: 50_000_000, maxFrames: 500 }
const TEAL = { r: 0, g: 128, b: 128 }

test('a large WebP is encoded with little effort, which keeps it within the limits, and a small one with the usual', async () => {
  for (const [width, height, effort] of [
    [5_000, 3_400, 1],
    [500, 340, 4],
  ] as const) {
    const picture = await webp(width, height)
    const { result, file } = await inspect(picture)
    expect(result).toMatchObject({ contentType: 'image/webp', width, height, byteSize: file.length })
    const expected = await sharp(picture).webp({ quality: 88, effort }).toBuffer()
    expect(file.equals(expected)).toBe(true)
  }
})

test('a WebP of almost as many pixels as are allowed becomes a picture, and one of more does not', async () => {
  const { result, thumbnails } = await inspect(await webp(7_070, 7_070, 0))
  expect(result).toMatchObject({ width: 7_070, height: 7_070 })
  const sizes = await Promise.all(thumbnails.map((bytes) => sharp(bytes).metadata()))
  expect(sizes.map(({ width }) => width)).toEqual([320, 1_280])
  await expect(inspect(await webp(7_072, 7_072, 0))).rejects.toThrow('pixel limit')
})

test.each<[string, (image: Sharp) => Sharp]>([
  ['in colours', (image) => image.png()],
  ['with 16 bits for each channel', (image) => image.toColourspace('rgb16').png()],
  ['for print', (image) => image.toColourspace('cmyk').jpeg()],
])('thumbnails have the colours of a picture: %s', async (_, encode) => {
  const picture = await encode(blank(2_000, 1_000)).toBuffer()
  const { result, thumbnails } = await inspect(picture)
  for (const bytes of thumbnails) {
    const [red, green, blue] = await meansOf(bytes)
    for (const [seen, real] of [
      [red, TEAL.r],
      [green, TEAL.g],
      [blue, TEAL.b],
    ] as const)
      expect(Math.abs((seen ?? NaN) - real)).toBeLessThan(24)
  }
  const { r, g, b } = thumbHashToAverageRGBA(Buffer.from(result.thumbhash, 'base64'))
  expect(r).toBeLessThan(Math.min(g, b))
})

test('a grey picture stays grey, and a transparent one transparent', async () => {
  const grey = await inspect(await blank(400, 200).greyscale().png().toBuffer())
  const clear = await inspect(await blank(400, 200).ensureAlpha(0.25).png().toBuffer())
  for (const bytes of grey.thumbnails) {
    const [red, green, blue] = await meansOf(bytes)
    expect([red, green]).toEqual([green, blue])
  }
  for (const bytes of clear.thumbnails) {
    const [, , , alpha] = await meansOf(bytes)
    expect(alpha).toBeCloseTo(64, -1)
  }
  expect(thumbHashToAverageRGBA(Buffer.from(clear.result.thumbhash, 'base64')).a).toBeCloseTo(0.25, 1)
})

function blank(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: TEAL }, limitInputPixels: false })
}

/** `sigma`: how much its pixels differ. */
function webp(width: number, height: number, sigma = 6): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma } as const
  const input = { width, height, channels: 3, background: TEAL, ...(sigma > 0 && { noise }) } as const
  return sharp({ create: input, limitInputPixels: false }).webp({ effort: 0 }).toBuffer()
}

async function meansOf(bytes: Buffer): Promise<readonly number[]> {
  return (await sharp(bytes).stats()).channels.map(({ mean }) => mean)
}

async function inspect(bytes: Buffer) {
  const folder = await mkdtemp(join(tmpdir(), 'parley-image-'))
  try {
    const path = join(folder, 'received')
    await writeFile(path, bytes)
    const result = await inspectImage(path, folder, LIMITS)
    const [file, ...thumbnails] = await Promise.all(
      ['file', '320', '1280'].map((name) => readFile(join(folder, name))),
    )
    return { result, file: file ?? Buffer.alloc(0), thumbnails }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
