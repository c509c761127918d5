import { MALFORMED, readObject } from './read-json.ts'
import type { Topic } from './topic.ts'

/** Encodes the messages between gateways: a text with its version and one field for each topic. */
export type EnvelopeCodec = Readonly<{
  /** Throws if the message is too large to be sent. */
  encode<Payload>(topic: Topic<Payload>, payload: Payload): string
  /**
   * Returns the payload of each topic by its field. Returns undefined for anything that is no valid envelope of this
   * version: a bus may carry garbage, and messages of newer gateways.
   */
  decode(text: string): Readonly<Record<string, unknown>> | undefined
}>

/** Raised if the format changes so that older gateways would misread it: they drop versions that they don't know. */
const VERSION = 1

/** The most characters of a message. The largest batch of the longest messages has half as many. */
export const MAX_ENVELOPE_LENGTH = 8_388_608

export function createEnvelopeCodec(topics: readonly Topic<unknown>[]): EnvelopeCodec {
  // A gateway of the same version requires all fields whose absence has a value, so every message has them.
  const absent = Object.fromEntries(topics.map((topic) => [topic.field, topic.absent]))

  /** Size first, then the version, then the contents: garbage is cheap to reject. */
  function read(text: string): Readonly<Record<string, unknown>> {
    if (text.length > MAX_ENVELOPE_LENGTH) throw MALFORMED
    const envelope = readObject(parseJson(text))
    if (envelope['v'] !== VERSION) throw MALFORMED
    const payloads: Record<string, unknown> = {}
    for (const topic of topics) {
      const json = envelope[topic.field]
      if (json !== undefined) payloads[topic.field] = topic.read(json)
      else if (topic.absent !== undefined) throw MALFORMED
    }
    return payloads
  }

  return {
    encode({ field, toWire }, payload) {
      const text = JSON.stringify({
        v: VERSION,
        ...absent,
        [field]: toWire === undefined ? payload : toWire(payload),
      })
      if (text.length > MAX_ENVELOPE_LENGTH) throw new Error('A message to another gateway is too large')
      return text
    },
    decode(text) {
      try {
        return read(text)
      } catch (error) {
        if (error === MALFORMED) return undefined
        throw error
      }
    },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw MALFORMED
  }
}
