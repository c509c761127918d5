import type { z } from 'zod'

/**
 * One kind of message between gateways. The domain that sends and receives it defines it, together with its codec;
 * the bus knows none of them.
 */
export type Topic<Payload> = Readonly<{
  /** The field of the envelope that holds the payload. Part of the wire format. */
  field: string
  /** Validates a payload and turns JSON into values such as dates. Ids are branded by the compiler alone. */
  schema: z.ZodType
  /** Returns the JSON of a payload, if that is not the payload itself. */
  toWire?(payload: Payload): unknown
  /** The value of the field in messages of other topics. Undefined: they leave the field out. */
  absent: Payload | undefined
}>
