import type { Writable } from 'node:stream'
import * as ws from 'ws'

// Its types lack the parser that ws itself reads frames with.
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable }

/** Returns the texts of the frames in a buffer, as a client of ws reads them. Throws if one is invalid. */
export function framesIn(buffer: Buffer): string[] {
  const receiver = new Receiver({ isServer: false })
  const texts: string[] = []
  receiver.on('message', (data: Buffer) => texts.push(data.toString()))
  receiver.on('error', (error) => {
    throw error
  })
  receiver.write(buffer)
  return texts
}
