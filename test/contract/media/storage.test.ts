import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStorage } from '../../../src/media/open-storage.ts'
import type { MediaStorage, StoredObject } from '../../../src/media/storage.ts'
import { startS3 } from '../../harness/servers/s3.ts'
import { startSwift } from '../../harness/servers/swift.ts'

/* The laws of storages, for all. Two servers have the API of S3: they differ in what they accept. */

/** OpenStack Swift runs on Linux alone. */
const KINDS = ['a folder', 'S3', ...(process.platform === 'linux' ? ['S3 of OpenStack Swift'] : [])]

describe.each(KINDS)('%s', (kind) => {
  const resources = new AsyncDisposableStack()
  let storage: MediaStorage
  beforeAll(async () => {
    if (kind === 'S3') storage = openStorage(resources.use(await startS3()).location)
    else if (kind.startsWith('S3')) storage = openStorage(resources.use(await startSwift()).location)
    else {
      const folder = await mkdtemp(join(tmpdir(), 'parley-storage-'))
      resources.defer(() => rm(folder, { recursive: true, force: true }))
      storage = openStorage({ type: 'file', folder })
    }
    resources.defer(() => storage.close())
  })
  afterAll(() => resources.disposeAsync())

  /** Writes a file into the incoming folder, and returns its path. */
  async function arrived(bytes: Buffer | string): Promise<string> {
    await mkdir(storage.incomingFolder, { recursive: true })
    const file = join(storage.incomingFolder, randomUUID())
    await writeFile(file, bytes)
    return file
  }

  async function objectsOf(folder?: string): Promise<StoredObject[]> {
    const found: StoredObject[] = []
    for await (const object of storage.list(folder)) found.push(object)
    return found
  }

  const newName = (): string => `${randomUUID()}/${randomUUID()}/file`

  test('returns the bytes that were stored, or a part of them', async () => {
    const [name, bytes] = [newName(), randomBytes(300_000)]
    const file = await arrived(bytes)
    await storage.put(name, file)
    expect(await storage.sizeOf(name)).toBe(bytes.length)
    expect((await buffer(await storage.read(name))).equals(bytes)).toBe(true)
    const part = await buffer(await storage.read(name, { first: 100, last: 199_999 }))
    expect(part.equals(bytes.subarray(100, 200_000))).toBe(true)
    await expect(stat(file)).rejects.toThrow('ENOENT')
  })

  test('replaces an object of the same name', async () => {
    const name = newName()
    for (const text of ['first', 'second one']) await storage.put(name, await arrived(text))
    expect(String(await buffer(await storage.read(name)))).toBe('second one')
  })

  test('has no object that was not stored', async () => {
    expect(await storage.sizeOf(newName())).toBeUndefined()
    await expect(storage.read(newName()).then(buffer)).rejects.toThrow(/./)
    await expect(storage.put(newName(), join(storage.incomingFolder, 'missing'))).rejects.toThrow('ENOENT')
  })

  test('removes a folder with everything in it, and nothing else, also twice', async () => {
    const folder = randomUUID()
    const kept = newName()
    const removed = [`${folder}/a/file`, `${folder}/a/320`, `${folder}/b/file`]
    for (const name of [kept, ...removed]) await storage.put(name, await arrived('x'))
    expect((await objectsOf(folder)).map(({ name }) => name).toSorted()).toEqual(removed.toSorted())
    await storage.remove(folder)
    await storage.remove(folder)
    expect(await objectsOf(folder)).toEqual([])
    expect((await objectsOf()).map(({ name }) => name)).toContain(kept)
  })

  test('lists objects with their size and age', async () => {
    const name = newName()
    await storage.put(name, await arrived('seven b'))
    const [folder] = name.split('/')
    expect(await objectsOf(folder)).toEqual([{ name, byteSize: 7, modifiedAt: expect.any(Date) as Date }])
  })

  test('a list goes on while objects are removed', async () => {
    // A folder of this many is not read at once.
    const names = Array.from({ length: 40 }, newName)
    for (const name of names) await storage.put(name, await arrived('1'))
    const removed = names.toSorted().slice(20)
    const found: string[] = []
    for await (const { name } of storage.list()) {
      if (found.length === 0) {
        for (const one of removed.filter((it) => it !== name)) await storage.remove(one.split('/')[0] ?? '')
      }
      found.push(name)
    }
    expect(found).toEqual(expect.arrayContaining(names.filter((name) => !removed.includes(name))))
  })

  test('an object that is just arriving is not in the list', async () => {
    const before = (await objectsOf()).length
    await arrived('not stored yet')
    expect(await objectsOf()).toHaveLength(before)
  })

  test('passes its own probe, which leaves nothing behind', async () => {
    const before = (await objectsOf()).length
    await storage.probe()
    expect(await objectsOf()).toHaveLength(before)
  })

  test('removes what a gateway that died was collecting, a day later', async () => {
    const parent = join(storage.incomingFolder, '..')
    const left = async (hours: number): Promise<string> => {
      const folder = join(parent, `parley-incoming-${randomUUID()}`)
      resources.defer(() => rm(folder, { recursive: true, force: true }))
      await mkdir(join(folder, randomUUID()), { recursive: true })
      await writeFile(join(folder, 'received'), 'half')
      const then = new Date(Date.now() - hours * 3_600_000)
      await utimes(folder, then, then)
      return folder.split('/').at(-1) ?? ''
    }
    const [old, recent] = [await left(27), await left(25)]
    await storage.tidy()
    const names = await readdir(parent)
    expect([names.includes(old), names.includes(recent)]).toEqual([false, true])
  })

  test('keeps what other gateways collect, and removes its own when it closes', async () => {
    const file = await arrived('half')
    await storage.tidy()
    expect(await readdir(storage.incomingFolder)).toContain(file.split('/').at(-1))
    await storage.close()
    await expect(stat(storage.incomingFolder)).rejects.toThrow('ENOENT')
  })
})

test('S3 serves an object itself, with the headers that were signed, and a folder does not', async () => {
  await using s3 = await startS3()
  const storage = openStorage(s3.location)
  const file = join(storage.incomingFolder, 'file')
  await mkdir(storage.incomingFolder, { recursive: true })
  await writeFile(file, 'text')
  await storage.put('a/b/file', file)
  const headers = { contentType: 'application/octet-stream', disposition: 'attachment; filename="a b.txt"' }
  const response = await fetch((await storage.directUrl('a/b/file', headers)) ?? '')
  expect(await response.text()).toBe('text')
  expect(response.headers.get('content-type')).toBe(headers.contentType)
  expect(response.headers.get('content-disposition')).toBe(headers.disposition)
  await storage.close()
  expect(await openStorage({ type: 'file', folder: tmpdir() }).directUrl('a/b/file', headers)).toBeUndefined()
})

test.each(['../outside/file', '/etc/passwd', 'a/../../file', '.incoming/file'])(
  'a folder rejects the name %s',
  async (name) => {
    const storage = openStorage({ type: 'file', folder: join(tmpdir(), 'parley-none') })
    await expect(storage.read(name)).rejects.toThrow('invalid')
    await expect(storage.remove(name)).rejects.toThrow('invalid')
  },
)
