import { useSyncExternalStore } from 'react'

/** A file that is chosen, and goes with the next message. */
export type DraftFile = Readonly<{ id: number; file: File; url: string }>

/** The most files of one message. */
const MAX_FILES = 10

const NONE: readonly DraftFile[] = []
const byChat = new Map<string, readonly DraftFile[]>()
const listeners = new Set<() => void>()
let newestId = 0

function set(chatId: string, files: readonly DraftFile[]): void {
  if (files.length === 0) byChat.delete(chatId)
  else byChat.set(chatId, files)
  for (const listener of listeners) listener()
}

/** Adds files to the next message of a chat. Returns why some were left out. */
export function addDraftFiles(chatId: string, files: Iterable<File>): string | undefined {
  const before = byChat.get(chatId) ?? NONE
  const all = [...files]
  const added = all.filter(({ size }) => size > 0).slice(0, MAX_FILES - before.length)
  set(chatId, [
    ...before,
    ...added.map((file) => ({ id: (newestId += 1), file, url: URL.createObjectURL(file) })),
  ])
  if (before.length + all.length > MAX_FILES) return `A message has at most ${MAX_FILES} files.`
  return added.length < all.length ? 'Empty files are not sent.' : undefined
}

export function removeDraftFile(chatId: string, file: DraftFile): void {
  URL.revokeObjectURL(file.url)
  set(
    chatId,
    (byChat.get(chatId) ?? NONE).filter(({ id }) => id !== file.id),
  )
}

/** Returns the files of the next message, which then has none. */
export function takeDraftFiles(chatId: string): readonly File[] {
  const files = byChat.get(chatId) ?? NONE
  for (const { url } of files) URL.revokeObjectURL(url)
  set(chatId, NONE)
  return files.map(({ file }) => file)
}

export function useDraftFiles(chatId: string): readonly DraftFile[] {
  return useSyncExternalStore(subscribe, () => byChat.get(chatId) ?? NONE)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
