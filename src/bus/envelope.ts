import { z } from 'zod'
import type { Topic } from './topic.ts'

/** Encodes the messages between gateways: a text with its version and one field for each topic. */
export type EnvelopeCodec = Readonly<{
  encode<Payload>(topic: Topic<Payload>, payload: Payload): string
  /**
   * Returns the payload of each topic by its field. Returns undefined for anything that is no valid envelope of this
   * version: a bus may carry garbage, and messages of newer gateways.
   */
  decode(text: string): Readonly<Record<string, unknown>> | undefined
}>

/** Raised if the format changes so that older gateways would misread it: they drop versions that they don't know. */
const VERSION = 1

export function createEnvelopeCodec(topics: readonly Topic<unknown>[]): EnvelopeCodec {
  // A gateway of the same version requires all fields whose absence has a value, so every message has them.
  const absent = Object.fromEntries(topics.map((topic) => [topic.field, topic.absent]))
  const fields = topics.map(({ field, schema, absent: value }) => {
    return [field, value === undefined ? schema.optional() : schema] as const
  })
  const envelope = z.object({ v: z.literal(VERSION), ...Object.fromEntries(fields) })

  return {
    encode({ field, toWire }, payload) {
      return JSON.stringify({
        v: VERSION,
        ...absent,
        [field]: toWire === undefined ? payload : toWire(payload),
      })
    },
    decode: (text) => envelope.safeParse(parseJson(text)).data,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
