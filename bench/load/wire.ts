import { request } from 'node:http'
import type { Socket } from 'node:net'
import { randomBytes } from 'node:crypto'

/*
 * A WebSocket connection of the load generator. A client library creates objects for each frame, which costs more than
 * the measured server spends on it. This one passes ranges of the received chunk, and writes frames that are built
 * already. It covers what the measured servers send: unfragmented text, pings and closes, without compression.
 */

/** Called with the bytes that contain a text frame, from `start` to `end`. They are valid during the call. */
export type TextHandler = (bytes: Buffer, start: number, end: number) => void

const [TEXT, CLOSE, PING, PONG] = [0x1, 0x8, 0x9, 0xa]
const [FIN, MASKED] = [0x80, 0x80]
const [LENGTH_16, LENGTH_64] = [126, 127]
const MASK_BYTES = 4
const CODE_BYTES = 2
const NOTHING = Buffer.alloc(0)

export class Wire {
  readonly #socket: Socket
  readonly #onText: TextHandler
  #rest: Buffer = NOTHING
  #reason = 'the connection was reset'
  /** Resolves when the connection has ended. The reason is the code and the text of a close frame, if there was one. */
  readonly closed: Promise<string>

  private constructor(socket: Socket, onText: TextHandler) {
    this.#socket = socket
    this.#onText = onText
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(this.#reason)))
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
  }

  /** Connects. Rejects if the server does not accept the upgrade. */
  static open(url: string, protocol: string, onText: TextHandler): Promise<Wire> {
    const { promise, resolve, reject } = Promise.withResolvers<Wire>()
    const upgrade = request(url.replace('ws', 'http'), {
      agent: false,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
        'Sec-WebSocket-Protocol': protocol,
      },
    })
    upgrade.once('error', reject)
    upgrade.once('response', ({ statusCode }) =>
      reject(new Error(`The upgrade was answered with ${statusCode}.`)),
    )
    upgrade.once('upgrade', (_response, socket: Socket, head: Buffer) => {
      const wire = new Wire(socket, onText)
      if (head.length > 0) wire.#read(head)
      resolve(wire)
    })
    upgrade.end()
    return promise
  }

  /** Writes a frame of `frameOf`. */
  write(frame: Buffer): void {
    this.#socket.write(frame)
  }

  close(): void {
    this.#socket.destroy()
  }

  #end(bytes: Buffer, start: number, end: number): void {
    if (end - start >= CODE_BYTES)
      this.#reason = `${bytes.readUInt16BE(start)} ${bytes.toString('utf8', start + CODE_BYTES, end)}`
    this.close()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (;;) {
      const frame = headerAt(bytes, at)
      if (frame === undefined || frame.end > bytes.length) break
      this.#take(bytes, frame)
      at = frame.end
    }
    this.#rest = at === bytes.length ? NOTHING : bytes.subarray(at)
  }

  #take(bytes: Buffer, { opcode, start, end }: Header): void {
    if (opcode === TEXT) this.#onText(bytes, start, end)
    else if (opcode === PING) this.write(maskedFrame(PONG, bytes.subarray(start, end)))
    else if (opcode === CLOSE) this.#end(bytes, start, end)
    else if (opcode !== PONG) throw new Error(`The server sent a frame with opcode ${opcode}.`)
  }
}

type Header = Readonly<{ opcode: number; start: number; end: number }>

function headerAt(bytes: Buffer, at: number): Header | undefined {
  if (bytes.length < at + 2) return undefined
  const first = bytes.readUInt8(at)
  if ((first & FIN) === 0) throw new Error('The server sent a fragmented message.')
  const opcode = first & 0xf
  const short = bytes.readUInt8(at + 1)
  if (short < LENGTH_16) return { opcode, start: at + 2, end: at + 2 + short }
  const extended = short === LENGTH_16 ? 2 : 8
  if (bytes.length < at + 2 + extended) return undefined
  const length = short === LENGTH_16 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
  const start = at + 2 + extended
  return { opcode, start, end: start + length }
}

/** Returns a text frame of a client. */
export function frameOf(text: string): Buffer {
  return maskedFrame(TEXT, Buffer.from(text))
}

/** The mask is zero, which the protocol permits. So the payload in the frame can be changed in place. */
function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const extended = length < LENGTH_16 ? 0 : length < 65_536 ? 2 : 8
  const frame = Buffer.alloc(2 + extended + MASK_BYTES + length)
  frame.writeUInt8(FIN | opcode, 0)
  frame.writeUInt8(MASKED | (extended === 0 ? length : extended === 2 ? LENGTH_16 : LENGTH_64), 1)
  if (extended === 2) frame.writeUInt16BE(length, 2)
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  payload.copy(frame, 2 + extended + MASK_BYTES)
  return frame
}
