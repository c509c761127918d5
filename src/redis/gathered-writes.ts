import type { Redis } from 'ioredis'

type Stream = Redis['stream']

/**
 * Returns a function that holds back what is written to the connection until the end of this turn of the event loop,
 * so that it leaves in one system call.
 *
 * ioredis can do that by itself, with pipelines. Each of them lives in the old generation, with all that its commands
 * refer to: it has a property with a getter, see docs/internals/garbage-collection.md.
 */
export function createWriteGatherer(): (stream: Stream) => void {
  let held: Stream | undefined

  return (stream) => {
    if (held === stream) return
    held = stream
    stream.cork()
    setImmediate(() => {
      if (held === stream) held = undefined
      stream.uncork()
    })
  }
}
