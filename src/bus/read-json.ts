/*
 * Readers for the payloads of messages between gateways. Each returns the value if it is valid, and throws
 * `MALFORMED` otherwise. The first invalid value ends the work, however long the message is: a message may be garbage,
 * and a list of everything that is wrong with it would take seconds. One error for all, without a stack, costs nothing.
 */

/** Thrown for JSON that is not of the expected form. */
export const MALFORMED: Error = new Error('The payload is malformed')

export type ReadJson<Value> = (json: unknown) => Value

type JsonObject = Readonly<Record<string, unknown>>

export function readObject(json: unknown): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw MALFORMED
  return json as JsonObject
}

export function readText(json: unknown): string {
  if (typeof json !== 'string') throw MALFORMED
  return json
}

/** An id is any text that is not empty. */
export function readId(json: unknown): string {
  if (typeof json !== 'string' || json === '') throw MALFORMED
  return json
}

export function readFlag(json: unknown): boolean {
  if (typeof json !== 'boolean') throw MALFORMED
  return json
}

export function readNumber(json: unknown): number {
  if (typeof json !== 'number' || !Number.isFinite(json)) throw MALFORMED
  return json
}

/** Reads an integer from 0 to `max`. */
export function readNatural(json: unknown, max: number): number {
  if (typeof json !== 'number' || !Number.isInteger(json) || json < 0 || json > max) throw MALFORMED
  return json
}

/** Reads a time as `JSON.stringify` writes it: `2026-03-29T01:30:00.123Z`. */
export function readInstant(json: unknown): Date {
  const time = new Date(readText(json))
  // The year has four digits, the day exists, and nothing follows.
  if (Number.isNaN(time.getTime()) || (json as string).length !== 24 || time.toISOString() !== json)
    throw MALFORMED
  return time
}

export function readNullable<Value>(json: unknown, read: ReadJson<Value>): Value | null {
  return json === null ? null : read(json)
}

export function readOneOf<Value extends string>(json: unknown, values: readonly Value[]): Value {
  if (!values.includes(json as Value)) throw MALFORMED
  return json as Value
}

export function readList<Value>(json: unknown, read: ReadJson<Value>): readonly Value[] {
  if (!Array.isArray(json)) throw MALFORMED
  return json.map((item) => read(item))
}
