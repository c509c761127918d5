import { on } from 'node:events'
import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'

/*
 * The memory of a chunk is outside of the heap. Only a full collection finds out that it is not used any more, and it
 * slows messages for fifty milliseconds. Files alone caused one every two seconds. So each chunk is freed as soon as it
 * is written, and there is nothing to collect.
 */

/**
 * Yields the chunks of a stream as they arrived. The iterator of a stream joins chunks that wait: it yields a copy, and
 * the chunks themselves stay until they are collected. Does not destroy the stream. Rejects if the signal aborts.
 */
export async function* chunksOf(stream: Readable, signal?: AbortSignal): AsyncGenerator<Buffer> {
  if (stream.destroyed) throw stream.errored ?? new Error('The stream was destroyed before it was read')
  // So many chunks wait here while another is written. Then the stream pauses.
  const waiting = { highWaterMark: 1, lowWaterMark: 1 }
  const options = { close: ['end', 'close'], ...waiting, ...(signal && { signal }) }
  for await (const [chunk] of on(stream, 'data', options)) yield chunk as Buffer
}

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
