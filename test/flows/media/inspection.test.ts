import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'
import type { Person } from '../../harness/people/person.ts'
import { upload } from '../../harness/people/files.ts'
import {
  animation,
  animationBomb,
  HTML_PAGE,
  longAnimation,
  photo,
  photoWithComment,
  photoWithMetadata,
  pixelBomb,
  SCRIPT_AS_GIF,
  SVG_IMAGE,
  WEBM_HEAD,
  ZIP,
} from '../../harness/fixtures/pictures.ts'

// Others get another file than the uploader sent: images are encoded again, and anything else is a download.

describe.each(['folder', 's3'] as const)('with files in: %s', (media) => {
  let parley: TestParley
  let alice: Person
  beforeAll(async () => {
    parley = await startParley({ media })
    alice = await parley.person('alice')
  })
  afterAll(() => parley[Symbol.asyncDispose]())

  async function served(url: string): Promise<Readonly<{ headers: Headers; bytes: Buffer }>> {
    const response = await fetch(url)
    expect(response.status).toBe(200)
    return { headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
  }

  test('metadata of a photo is gone, and the photo is upright', async () => {
    const original = await photoWithMetadata()
    expect(original.includes('wonderland')).toBe(true)
    const named = { fileName: 'garden.jpg', contentType: 'image/jpeg' }
    const attachment = await upload(alice, original, named)
    expect(attachment).toMatchObject({ ...named, kind: 'IMAGE', width: 300, height: 400 })
    for (const url of [attachment.url, attachment.small, attachment.large]) {
      const { bytes } = await served(url ?? '')
      expect(bytes.includes('wonderland')).toBe(false)
      const { exif, orientation = 1, width, height } = await sharp(bytes).metadata()
      expect([exif, orientation, width < height]).toEqual([undefined, 1, true])
    }
    expect(attachment.byteSize).toBe((await served(attachment.url)).bytes.length)
  })

  test('thumbnails have the longest edge that was asked for, and are never enlarged', async () => {
    const large = await upload(alice, await photo(2_000, 1_000), { contentType: 'image/jpeg' })
    const small = await upload(alice, await photo(100, 50), { contentType: 'image/jpeg' })
    const sizes = await Promise.all(
      [large.small, large.large, small.small, small.large].map(async (url) => {
        const { width, height, format } = await sharp((await served(url ?? '')).bytes).metadata()
        return [width, height, format]
      }),
    )
    expect(sizes).toEqual([
      [320, 160, 'webp'],
      [1_280, 640, 'webp'],
      [100, 50, 'webp'],
      [100, 50, 'webp'],
    ])
  })

  test('an animation stays one', async () => {
    const attachment = await upload(alice, await animation(), { fileName: 'a.gif', contentType: 'image/gif' })
    expect(attachment).toMatchObject({ kind: 'IMAGE', contentType: 'image/gif', width: 40, height: 30 })
    expect((await sharp((await served(attachment.url)).bytes).metadata()).pages).toBe(2)
  })

  test('an animation beyond the limits becomes its first frame', async () => {
    for (const bytes of [await longAnimation(600), await animationBomb()]) {
      const attachment = await upload(alice, bytes, { contentType: 'image/gif' })
      expect(attachment.kind).toBe('IMAGE')
      expect((await sharp((await served(attachment.url)).bytes).metadata()).pages ?? 1).toBe(1)
    }
  })

  test('a page that is hidden behind an image is gone', async () => {
    const polyglot = Buffer.concat([await photo(64, 64), HTML_PAGE])
    const attachment = await upload(alice, polyglot, { contentType: 'image/jpeg' })
    expect(attachment.kind).toBe('IMAGE')
    expect((await served(attachment.url)).bytes.includes('<script>')).toBe(false)
  })

  test.each([
    ['a page that is called a PNG', HTML_PAGE, 'image/png', 'application/octet-stream'],
    ['an SVG that is called a PNG', SVG_IMAGE, 'image/png', /xml|svg|octet-stream/],
    ['an SVG', SVG_IMAGE, 'image/svg+xml', /xml|svg|octet-stream/],
    ['a page', HTML_PAGE, 'text/html', 'text/html'],
    [
      'random bytes that are called a film',
      Buffer.from('\u0000\u0001\u0002'),
      'video/mp4',
      'application/octet-stream',
    ],
  ])('%s is a download', async (_, bytes, contentType, shown) => {
    const attachment = await upload(alice, bytes, { fileName: 'holiday.png', contentType })
    expect(attachment).toMatchObject({ kind: 'FILE', width: null, thumbhash: null, small: null })
    expect(attachment.contentType).toMatch(shown)
    const { headers, bytes: downloaded } = await served(attachment.url)
    expect(downloaded.equals(bytes)).toBe(true)
    expect(headers.get('content-type')).toBe('application/octet-stream')
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="holiday.png"/)
  })

  test('an image with too many pixels, or a damaged one, is a download', async () => {
    const bomb = await pixelBomb()
    expect(bomb.length).toBeLessThan(500_000)
    const damaged = (await photo()).subarray(0, 2_000)
    for (const bytes of [bomb, damaged]) {
      expect(await upload(alice, bytes, { contentType: 'image/png' })).toMatchObject({
        kind: 'FILE',
        small: null,
      })
    }
    expect(await upload(alice, await photo(), { contentType: 'image/jpeg' })).toMatchObject({ kind: 'IMAGE' })
  })

  test.each([
    ['an archive behind a picture', async () => [await photo(64, 64), ZIP], 'PK\u0003\u0004'],
    ['a script that begins like a GIF', async () => [SCRIPT_AS_GIF], 'alert'],
    ['a page in the comment of a picture', async () => [await photoWithComment()], '<script>'],
  ])('%s is gone, or is a download', async (_, parts, payload) => {
    const bytes = Buffer.concat(await parts())
    expect(bytes.includes(payload)).toBe(true)
    const attachment = await upload(alice, bytes, { fileName: 'holiday.gif', contentType: 'image/gif' })
    const { headers, bytes: result } = await served(attachment.url)
    if (attachment.kind === 'FILE') expect(headers.get('content-disposition')).toMatch(/^attachment/)
    else expect(result.includes(payload)).toBe(false)
    expect(headers.get('content-type')).toBe(
      attachment.kind === 'FILE' ? 'application/octet-stream' : attachment.contentType,
    )
  })

  test('a recording is a sound if its uploader says so, and a film otherwise', async () => {
    for (const [contentType, kind] of [
      ['audio/webm;codecs=opus', 'AUDIO'],
      ['video/webm', 'VIDEO'],
      ['image/png', 'VIDEO'],
    ] as const) {
      const attachment = await upload(alice, WEBM_HEAD, { fileName: 'note.webm', contentType })
      expect(attachment).toMatchObject({ kind, contentType: kind === 'AUDIO' ? 'audio/webm' : 'video/webm' })
      expect((await served(attachment.url)).headers.get('content-disposition')).toMatch(/^inline/)
    }
  })
})
