import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

/** Waits for room in an outbox. */
export type RoomWaiter = Readonly<{ resume(): void }>

/** The text at the start of a frame, with its length in UTF-8. */
export type FrameHead = Readonly<{ text: string; bytes: number }>

export function frameHead(text: string): FrameHead {
  return { text, bytes: Buffer.byteLength(text) }
}

/** Called when the operating system has taken a frame, or with the reason why it never will. */
export type OnTaken = (error?: Error) => void

type Frame = Readonly<{ head: FrameHead; tail: Buffer; onTaken: OnTaken | undefined }>

/**
 * Live items wait in their streams while more than this is under way to the peer. It is about what the kernel takes at
 * once.
 */
const MAX_UNDER_WAY_BYTES = 65_536
const NO_TAIL = Buffer.alloc(0)

/**
 * The text frames that one connection sends in a turn of the event loop. They leave in one write, as the parts of one
 * buffer, because a system call costs more than anything else about a frame. ws would need a call for each frame, with
 * two buffers. Frames have the form of RFC 6455, section 5.2: not masked, not fragmented, not compressed.
 */
export class Outbox {
  readonly #socket: Pick<WebSocket, 'readyState' | 'OPEN'>
  readonly #network: Duplex
  readonly #turnEnd: TurnEnd
  /** Undefined if there are none, as in nearly all outboxes at any moment. */
  #frames: Frame[] | undefined
  #bytes = 0
  #waiting: RoomWaiter[] | undefined
  #isDraining = false
  /** Whether `flush` is going to be called. */
  #isScheduled = false

  /** `network` is the connection under the WebSocket. */
  constructor(socket: Pick<WebSocket, 'readyState' | 'OPEN'>, network: Duplex, turnEnd: TurnEnd) {
    this.#socket = socket
    this.#network = network
    this.#turnEnd = turnEnd
  }

  /** Bytes that the network has not taken yet. */
  get bytes(): number {
    return this.#bytes + this.#network.writableLength
  }

  get hasRoom(): boolean {
    return this.bytes < MAX_UNDER_WAY_BYTES
  }

  /** Adds a frame of two parts. */
  add(head: FrameHead, tail: Buffer = NO_TAIL, onTaken?: OnTaken): void {
    if (!this.#isScheduled) this.#turnEnd.add(this)
    this.#isScheduled = true
    this.#frames ??= []
    this.#frames.push({ head, tail, onTaken })
    this.#bytes += frameBytes(head.bytes + tail.byteLength)
  }

  /**
   * Returns whether there is room. If there is none, first writes what was added: the network mostly takes it at once.
   * Otherwise a stream would get no more than the limit in a turn of the event loop. On a busy gateway, turns are long,
   * and streams of busy chats would fall behind although their networks are idle.
   */
  makeRoom(): boolean {
    if (!this.hasRoom && this.#socket.readyState === this.#socket.OPEN) this.#write()
    return this.hasRoom
  }

  /** Resumes the waiter once there is room. */
  waitForRoom(waiter: RoomWaiter): void {
    this.#waiting ??= []
    this.#waiting.push(waiter)
  }

  /** Writes what was added, unless the closing handshake has begun: no frame may follow a close frame. */
  flush(): void {
    this.#isScheduled = false
    if (this.#socket.readyState !== this.#socket.OPEN)
      return this.drop(() => new Error('The socket is closing'))
    this.#write()
    if (this.#waiting !== undefined && !this.#isDraining) this.#resumeWaiting()
  }

  /** Drops what was added. */
  drop(reason: () => Error): void {
    const frames = this.#frames
    this.#frames = undefined
    this.#bytes = 0
    this.#waiting = undefined
    if (frames !== undefined) callbackOf(frames)?.(reason())
  }

  #write(): void {
    const frames = this.#frames
    if (frames === undefined) return
    const buffer = encode(frames, this.#bytes)
    this.#frames = undefined
    this.#bytes = 0
    this.#network.write(buffer, callbackOf(frames))
  }

  #resumeWaiting(): void {
    this.#isDraining = this.#network.writableNeedDrain
    if (this.#isDraining) {
      this.#network.once('drain', () => this.#resumeWaiting())
      return
    }
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const waiter of waiting) waiter.resume()
  }
}

/** The callback of one write for all of its frames. Most frames have none. */
function callbackOf(frames: readonly Frame[]): ((error?: Error | null) => void) | undefined {
  if (frames.every(({ onTaken }) => onTaken === undefined)) return undefined
  return (error) => {
    for (const { onTaken } of frames) onTaken?.(error ?? undefined)
  }
}

function frameBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 2 + payloadBytes
  return payloadBytes < 65_536 ? 4 + payloadBytes : 10 + payloadBytes
}

const FINAL_TEXT = 0x81

function encode(frames: readonly Frame[], totalBytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(totalBytes)
  let offset = 0
  for (const { head, tail } of frames) {
    const payloadBytes = head.bytes + tail.byteLength
    buffer[offset] = FINAL_TEXT
    if (payloadBytes < 126) {
      buffer[offset + 1] = payloadBytes
      offset += 2
    } else if (payloadBytes < 65_536) {
      buffer[offset + 1] = 126
      offset = buffer.writeUInt16BE(payloadBytes, offset + 2)
    } else {
      buffer[offset + 1] = 127
      offset = buffer.writeBigUInt64BE(BigInt(payloadBytes), offset + 2)
    }
    offset += buffer.write(head.text, offset)
    offset += tail.copy(buffer, offset)
  }
  return buffer
}

/** Runs the flush of each outbox that got a frame, once, at the end of this turn of the event loop. */
export type TurnEnd = Readonly<{ add(outbox: Readonly<{ flush(): void }>): void }>

/** One timer serves all connections, however many of them have something to send. */
export function createTurnEnd(): TurnEnd {
  let waiting: Readonly<{ flush(): void }>[] = []

  function flushAll(): void {
    const outboxes = waiting
    waiting = []
    for (const outbox of outboxes) outbox.flush()
  }

  return {
    add(outbox) {
      if (waiting.length === 0) setImmediate(flushAll)
      waiting.push(outbox)
    },
  }
}
