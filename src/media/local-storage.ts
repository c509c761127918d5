import { mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import pLimit from 'p-limit'
import { createIncomingFolder, ifThere } from './incoming-folder.ts'
import { probeStorage } from './probe-storage.ts'
import { type Pace, pacedStream } from './pace.ts'
import type { MediaStorage, StoredObject } from './storage.ts'

/** Begins with a dot, so that it is not the name of an object. */
const INCOMING = '.incoming'

/**
 * Keeps objects as files of a folder. Several gateways need the same folder, on a file system that they share. A file
 * arrives beside the objects and is renamed: a rename within one file system is atomic. Its bytes are flushed to the
 * disk first, so that a power failure leaves no object without its bytes.
 */
export function createLocalStorage(root: string, pace: Pace): MediaStorage {
  const incoming = createIncomingFolder(join(root, INCOMING))

  /** Throws for a name that leads out of the folder. Names are Parley's own, so that is a fault of Parley. */
  function pathOf(name: string): string {
    const path = resolve(root, name)
    if (!path.startsWith(resolve(root) + sep) || name.startsWith('.')) {
      throw new Error('The name of a media object is invalid')
    }
    return path
  }

  /** Another gateway may remove any folder meanwhile, at which the recursion of Node.js itself would fail. */
  async function* objectsBelow(folder: string): AsyncIterable<StoredObject> {
    const entries = await ifThere(opendir(folder))
    if (entries === undefined) return
    for await (const entry of entries) {
      const path = join(folder, entry.name)
      const name = relative(root, path).split(sep).join('/')
      if (name.startsWith('.')) continue
      if (entry.isDirectory()) yield* objectsBelow(path)
      const found = entry.isFile() ? await ifThere(stat(path)) : undefined
      if (found !== undefined) yield { name, byteSize: found.size, modifiedAt: found.mtime }
    }
  }

  const storage: MediaStorage = {
    incomingFolder: incoming.path,
    async put(name, file) {
      const path = pathOf(name)
      await flush(file)
      await mkdir(dirname(path), { recursive: true })
      await rename(file, path)
      await flush(dirname(path))
    },
    async sizeOf(name) {
      return (await ifThere(stat(pathOf(name))))?.size
    },
    async read(name, range) {
      const file = await open(pathOf(name))
      const bytes = file.createReadStream(range === undefined ? {} : { start: range.first, end: range.last })
      return pacedStream(bytes, pace)
    },
    directUrl: async () => undefined,
    async remove(folder) {
      await rm(pathOf(folder), { recursive: true, force: true })
    },
    list: (folder) => objectsBelow(folder === undefined ? root : pathOf(folder)),
    probe: () => probeStorage(storage),
    tidy: incoming.tidy,
    close: incoming.remove,
  }
  return storage
}

/** A flush holds one of the four threads with which Node.js also verifies tokens and reads files. Two stay free. */
const flushing = pLimit(2)

function flush(path: string): Promise<void> {
  return flushing(async () => {
    const handle = await open(path)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  })
}
