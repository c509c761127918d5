import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { freePort } from '../../../scripts/cluster-ports.ts'
import { createUpload, patchUpload, upload } from '../../harness/people/files.ts'
import { startParley } from '../../harness/servers/parley.ts'

const BYTES = 300_000

test.each(['folder', 's3'] as const)(
  'the bytes of uploads and downloads are paced, with files in: %s',
  async (media) => {
    const port = await freePort()
    const config = { admin: { host: '127.0.0.1', port } }
    await using parley = await startParley({ media, config })
    const alice = await parley.person('alice')
    const paced = async (work: () => Promise<unknown>): Promise<number> => {
      const before = await pacedBytes(port)
      await work()
      return (await pacedBytes(port)) - before
    }
    // A bucket is reached through the gateway: what arrives also leaves, and its downloads do not pass.
    const isInBucket = media === 's3'
    const bytes = randomBytes(BYTES)
    let url = ''
    expect(await paced(async () => ({ url } = await upload(alice, bytes)))).toBe(BYTES * (isInBucket ? 2 : 1))
    expect(await paced(() => downloadOf(url))).toBe(isInBucket ? 0 : BYTES)
    const { uploadUrl } = await createUpload(alice, { byteSize: BYTES })
    // A resumed upload is stored as parts, read again, and stored as a whole.
    expect(await paced(() => patchUpload(uploadUrl, 0, bytes))).toBe(BYTES * (isInBucket ? 4 : 2))
  },
)

async function downloadOf(url: string): Promise<void> {
  expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(BYTES)
}

async function pacedBytes(adminPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  return Number(/^parley_media_transfer_bytes_total (\d+)$/m.exec(text)?.[1] ?? NaN)
}
