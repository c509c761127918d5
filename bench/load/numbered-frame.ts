import { frameOf } from './wire.ts'

/** Stands for a message's number in the text of a frame. */
export const NUMBER = '##########'

const DIGITS = NUMBER.length
const ZERO = 0x30

/** A frame whose text contains a number in one or more places. Each message copies the frame and writes its digits. */
export class NumberedFrame {
  readonly #frame: Buffer
  readonly #places: readonly number[]

  constructor(text: string) {
    this.#frame = frameOf(text)
    const places: number[] = []
    for (let at = this.#frame.indexOf(NUMBER); at !== -1; at = this.#frame.indexOf(NUMBER, at + DIGITS))
      places.push(at)
    this.#places = places
  }

  with(number: number): Buffer {
    const frame = Buffer.from(this.#frame)
    for (const place of this.#places) writeDigits(frame, place, number)
    return frame
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
