import { frameOf } from './wire.ts'

/** Stands for a message's number in the text of a frame. */
export const NUMBER = '##########'

const DIGITS = NUMBER.length
const ZERO = 0x30

/** Bytes that contain a number in one or more places. Each message copies them and writes its digits. */
export class NumberedText {
  readonly #bytes: Buffer
  readonly #places: readonly number[]

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    const places: number[] = []
    for (let at = bytes.indexOf(NUMBER); at !== -1; at = bytes.indexOf(NUMBER, at + DIGITS)) places.push(at)
    this.#places = places
  }

  with(number: number): Buffer {
    const bytes = Buffer.from(this.#bytes)
    for (const place of this.#places) writeDigits(bytes, place, number)
    return bytes
  }
}

/** A WebSocket frame whose text contains a number. */
export class NumberedFrame extends NumberedText {
  constructor(text: string) {
    super(frameOf(text))
  }
}

function writeDigits(frame: Buffer, place: number, number: number): void {
  let left = number
  for (let at = place + DIGITS - 1; at >= place; at -= 1) {
    frame[at] = ZERO + (left % 10)
    left = Math.floor(left / 10)
  }
}

/** Reads the number that begins at `at`. */
export function readNumber(bytes: Buffer, at: number): number {
  let number = 0
  for (let digit = 0; digit < DIGITS; digit += 1) number = number * 10 + ((bytes[at + digit] ?? ZERO) - ZERO)
  return number
}
