import type { ReadJson } from './read-json.ts'

/**
 * One kind of message between gateways. The domain that sends and receives it defines it, together with its codec;
 * the bus knows none of them.
 */
export type Topic<Payload> = Readonly<{
  /** The field of the envelope that holds the payload. Part of the wire format. */
  field: string
  /** Validates the JSON of a payload and turns it into values such as dates. Throws `MALFORMED` if it is invalid. */
  read: ReadJson<Payload>
  /** Returns the JSON of a payload, if that is not the payload itself. */
  toWire?(payload: Payload): unknown
  /** The value of the field in messages of other topics. Undefined: they leave the field out. */
  absent: Payload | undefined
}>
