import { randomUUID } from 'node:crypto'
import { opendir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A folder in which one gateway collects bytes. */
export type IncomingFolder = Readonly<{
  path: string
  /** Removes the folders of gateways that died, beside this one. */
  tidy(): Promise<void>
  remove(): Promise<void>
}>

const PREFIX = 'parley-incoming-'

/** A gateway whose folder is this old has died: no upload takes that long. */
const STALE_MS = 26 * 3_600_000

/** The folder is not created until something arrives in it. */
export function createIncomingFolder(parent: string): IncomingFolder {
  const path = join(parent, `${PREFIX}${randomUUID()}`)
  return {
    path,
    async tidy() {
      const siblings = await ifThere(opendir(parent))
      if (siblings === undefined) return
      for await (const { name } of siblings) {
        const sibling = join(parent, name)
        if (sibling === path || !name.startsWith(PREFIX)) continue
        const found = await ifThere(stat(sibling))
        if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS) await removeAll(sibling)
      }
    },
    remove: () => removeAll(path),
  }
}

async function removeAll(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

/** Resolves with undefined if the file or folder does not exist. */
export async function ifThere<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
