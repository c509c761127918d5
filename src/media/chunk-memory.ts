import type { FileHandle } from 'node:fs/promises'

/*
 * The memory of a chunk is outside of the heap. Only a full collection finds out that it is not used any more, and it
 * pauses messages for tens of milliseconds. Files alone caused two or three a second. So each chunk is freed as soon as
 * it is written, and there is nothing to collect.
 */

/** Appends chunks to a file. They must not be used afterwards. */
export async function appendChunks(file: FileHandle, chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) {
    await file.appendFile(chunk)
    free(chunk)
  }
}

/** Frees the memory of a chunk, unless it shares it with others. */
export function free(chunk: Buffer): void {
  const { buffer } = chunk
  if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.length) buffer.transfer(0)
}
